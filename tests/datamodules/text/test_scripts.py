"""Words of the world's scripts."""

from __future__ import annotations

import random
import re
import unicodedata
from typing import Any

import pytest
from practicum.datamodules.text.scripts import CAPITALS_CLASS, MARKS_CLASS, SPACELESS_CLASS, WORDS
from practicum.datamodules.text.tokenizer import build_tokenizer, detokenize, normalize
from tokenizers import Regex, pre_tokenizers

# The pattern of earlier versions, whose tokens of ordinary text must not change; its range of Han ended in all of Hangul.
EARLIER = (
    r"\w+(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b|\d+(?:[.,]\d+)*|[\x{3040}-\x{30FF}\x{3400}-\x{9FFF}\x{8C48}-\x{FAFF}]"
    r"|[^\W\x{3040}-\x{30FF}\x{3400}-\x{9FFF}\x{8C48}-\x{FAFF}]+|\n|[^\w\s]"
)


def pieces(pattern: str, text: str) -> list[str]:
    split = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
    return [piece for piece, _ in split.pre_tokenize_str(text)]


def words(text: str) -> list[str]:
    return pieces(WORDS, normalize(text, "word"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\ud55c\uad6d \uc601\ud654\ub294 \uc88b\uc558\ub2e4!", "\ud55c\uad6d \uc601\ud654\ub294 \uc88b\uc558\ub2e4 !"),
        (
            "\u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8\u3067\u3059\u3002",
            "\u65e5 \u672c \u8a9e \u306e \u30c6 \u30b9 \u30c8 \u3067 \u3059 \u3002",
        ),
        ("\u4eba\u3005 \U00020bb7\u91ce\u5bb6 \uff83\uff7d\uff84", "\u4eba \u3005 \U00020bb7 \u91ce \u5bb6 \uff83 \uff7d \uff84"),
        ("\u0e17\u0e35\u0e48\u0e1a\u0e49\u0e32\u0e19\u0e01\u0e33", "\u0e17\u0e35\u0e48 \u0e1a\u0e49 \u0e32 \u0e19 \u0e01\u0e33"),
        ("\u1781\u17d2\u1798\u17c2\u179a", "\u1781\u17d2\u1798\u17c2 \u179a"),
        ("\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902", "\u0939\u093f\u0928\u094d\u0926\u0940 \u092e\u0947\u0902"),
        (
            "\u0627\u0644\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u0651\u064e\u0629\u061f",
            "\u0627\u0644\u0639\u064e\u0631\u064e\u0628\u0650\u064a\u0651\u064e\u0629 \u061f",
        ),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),  # Persian, with a joiner
        ("\u200f\u05e9\u05dc\u05d5\u05dd\u200e co\u00adop", "\u05e9\u05dc\u05d5\u05dd coop"),  # marks that show nothing
        ("I \u2764\ufe0f it\u2764good", "i \u2764 it \u2764 good"),
        (
            "\U0001f44d\U0001f3fd\U0001f468\u200d\U0001f469\u200d\U0001f467",
            "\U0001f44d\U0001f3fd \U0001f468\u200d\U0001f469\u200d\U0001f467",
        ),
        ("\U0001f1f0\U0001f1f7\U0001f1fa\U0001f1f8 1\ufe0f\u20e3", "\U0001f1f0\U0001f1f7 \U0001f1fa\U0001f1f8 1\u20e3"),
        ("\U0001f602\U0001f602\U0001f602", "xxrep 3 \U0001f602"),
        ("\u6211\u559c\u6b22don't", "\u6211 \u559c \u6b22 do n't"),
        ("\u0e51\u0e52 \u0e35", "\u0e51\u0e52 \u0e35"),  # digits, and a mark without a letter, are not lost
    ],
)
def test_words_of_many_scripts(text: str, wanted: str) -> None:
    assert words(text) == unicodedata.normalize("NFC", wanted).split(" ")


@pytest.mark.parametrize(
    "text",
    [
        "\ud55c\uad6d\uc5b4 \ud1a0\ud06c\ub098\uc774\uc800",
        "\u00c9l\u00e8ve na\u00efve",
        "\u0939\u093f\u0928\u094d\u0926\u0940 \u0958",
        "\u304c\u304e",
    ],
)
@pytest.mark.parametrize("level", ["word", "bpe", "character", "whitespace"])
def test_composed_and_decomposed_letters_are_the_same(text: str, level: Any) -> None:
    forms = {normalize(unicodedata.normalize(form, text), level) for form in ("NFC", "NFD")}
    assert len(forms) == 1
    if level == "word":
        assert len(words(text)) <= 6  # no letter falls apart


@pytest.mark.parametrize(
    ("curly", "straight"),
    [
        ("I don\u2019t think it\u2019s John\u2019s, they\u2019ll", "I don't think it's John's, they'll"),
        ("DON\u2019T", "DON'T"),
        ("don&rsquo;t", "don't"),
        ("don\u2018t rock \u2019n\u2019 roll, the dogs\u2019 food", "don't rock 'n' roll, the dogs' food"),
    ],
)
def test_a_curly_apostrophe_is_a_straight_one(curly: str, straight: str) -> None:
    assert words(curly) == words(straight)
    assert "\u2018" in words("\u2018a quotation")  # an opening quotation mark stays one


def test_tokens_of_ordinary_text_are_those_of_earlier_versions() -> None:
    rng = random.Random(1)
    letters = "abcdefgh ABC'n't'sdr\u00e9 \u00c0\u00d6\u00df 0123.,;:!?-_()\"\n\t"
    letters += "\u2014\u2026\u201c\u201d\u00a9\u20ac\u4e2d\u304b\u30ca\u0416\u03a9"
    for _ in range(5000):
        text = "".join(rng.choice(letters) for _ in range(rng.randint(1, 40)))
        assert pieces(WORDS, text) == pieces(EARLIER, text), text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\u010daj \u0142adny", "\u010daj \u0142adny"),  # small letters that an earlier range took for capitals
        (
            "\u0141ad\u0146ie \u0401\u043b\u043a\u0430 \u0554\u0561\u0572",
            "xxmaj \u0142ad\u0146ie xxmaj \u0451\u043b\u043a\u0430 xxmaj \u0584\u0561\u0572",
        ),
        ("\u0938\u091a \u0938\u091a \u0938\u091a", "xxwrep 3 \u0938\u091a"),
        ("\u0926\u093f\u0928 \u0928 \u0928", "\u0926\u093f\u0928 \u0928 \u0928"),  # the end of a word is not the word
        ("\u0928 \u0928 \u0928\u093f", "\u0928 \u0928 \u0928\u093f"),
    ],
)
def test_marks_for_case_and_repetition_beyond_ascii(text: str, wanted: str) -> None:
    assert words(text) == wanted.split(" ")


@pytest.mark.parametrize(
    "text",
    [
        "\u65e5\u672c\u8a9e\u306e\u30c6\u30b9\u30c8\u3067\u3059\u3002",
        "\u0e17\u0e35\u0e48\u0e1a\u0e49\u0e32\u0e19",
        "\ud55c\uad6d \uc601\ud654\ub294",
        "\u6211 like it",
    ],
)
def test_it_comes_back_with_blanks_where_the_script_has_them(text: str) -> None:
    tokenizer = build_tokenizer([normalize(text, "word")], "word", 400, 1)
    assert detokenize(tokenizer.encode(normalize(text, "word")).tokens, "word") == text


def test_classes_are_of_code_points() -> None:
    assert re.fullmatch(f"[{MARKS_CLASS}]+", "\u0301\u093f\u0e35\u20e3")
    assert not re.search(f"[{MARKS_CLASS}]", "aZ\u00e9\ud55c")
    assert re.fullmatch(f"[{CAPITALS_CLASS}]+", "AZ\u00c9\u0416\u0554")
    assert not re.search(f"[{SPACELESS_CLASS}]", "aZ\ud55c\u00e9 \u0939")
    assert re.fullmatch(f"[{SPACELESS_CLASS}]+", "\u4e2d\uf900\u304b\u0e01")
