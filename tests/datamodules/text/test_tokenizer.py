"""Words, their marks, pieces and characters."""

from __future__ import annotations

import pytest
from practicum.datamodules.text.tokenizer import (
    LEVELS,
    SPECIALS,
    Level,
    add_case_marks,
    build_tokenizer,
    detokenize,
    level_of,
    normalize,
    strip_markup,
    vocabulary,
)
from practicum.lightning_shim import MisconfigurationException
from tokenizers import Tokenizer, models


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I don't LIKE it!!!!", "i do n't xxup like it xxrep 4 !"),
        ("The McDonald's, John's and \u00c9mile", "xxmaj the mcdonald 's , xxmaj john 's and xxmaj \u00e9mile"),
        ("so sooooo bad", "so s xxrep 5 o bad"),
        ("no no no no way", "xxwrep 4 no way"),
        ("a<br /><br />b &amp; c &quot;d&quot;", 'a \n b & c " d "'),
        ("It cost 1,000.50 in 1999.", "xxmaj it cost 1,000.50 in 1999 ."),
        ("A B", "a b"),  # a mark for a single letter would say nothing
        ("\u6211\u4e0d\u559c\u6b22 it", "\u6211 \u4e0d \u559c \u6b22 it"),  # no spaces between words: each character
    ],
)
def test_words_and_their_marks(text: str, tokens: str) -> None:
    tokenizer = build_tokenizer([normalize(text, "word")], "word", 100, 1)
    wanted = [token if token.strip(" ") else "\n" for token in tokens.split(" ")]
    assert tokenizer.encode(normalize(text, "word")).tokens == wanted
    assert "xxunk" not in wanted


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("The plot isn't GOOD, it's (very) dark!!!! No", "word"),
        ("Na\u00efve caf\u00e9 \U0001f600\nnext line", "character"),
        ("Na\u00efve caf\u00e9 \U0001f600\nnext line", "bpe"),
        ("the <unk> fell N points\nand rose\n", "whitespace"),
    ],
)
def test_what_was_written_comes_back(text: str, level: Level) -> None:
    tokenizer = build_tokenizer([normalize(text, level)] * 2, level, 400, 1)
    assert detokenize(tokenizer.encode(normalize(text, level)).tokens, level) == text


def test_special_tokens_come_first_once_and_numbers_have_no_gaps() -> None:
    texts = [normalize("The the THE!!! <eos> of it all", level) for level in ("word", "whitespace")]
    for text, level in zip(texts, ("word", "whitespace"), strict=True):
        vocab = vocabulary(build_tokenizer([text], level, 100, 1))  # type: ignore[arg-type]
        assert tuple(vocab[:4]) == SPECIALS
        assert len(set(vocab)) == len(vocab)


def test_rare_words_are_unknown_and_the_vocabulary_is_bounded() -> None:
    texts = ["b b b a a c", "d"]
    assert vocabulary(build_tokenizer(texts, "word", 100, 2))[8:] == ["b", "a"]
    assert vocabulary(build_tokenizer(texts, "word", 9, 1))[8:] == ["b"]
    assert build_tokenizer(texts, "word", 100, 2).encode("c b").tokens == ["xxunk", "b"]


def test_pieces_spell_words_never_seen() -> None:
    tokenizer = build_tokenizer(["unhappy unhappily happily"] * 9, "bpe", 300, 2)
    tokens = tokenizer.encode("happy \u00fcn").tokens
    assert detokenize(tokens, "bpe") == "happy \u00fcn"
    assert "xxunk" not in tokens


@pytest.mark.parametrize("level", LEVELS)
def test_a_tokenizer_tells_its_level(level: Level) -> None:
    made = build_tokenizer([normalize("A word, and another.", level)], level, 300, 1)
    assert level_of(Tokenizer.from_str(made.to_str())) == level
    foreign = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
    foreign.pre_tokenizer = made.pre_tokenizer
    assert level_of(foreign) is None


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(MisconfigurationException, match="choose word, whitespace, bpe, character"):
        build_tokenizer([], "syllable", 10, 1)  # type: ignore[arg-type]


def test_marks_alone() -> None:
    assert add_case_marks("Hello WORLD") == "xxmaj hello xxup world"


def test_markup_of_web_pages_is_replaced() -> None:
    assert strip_markup("a<br />b<br>c &amp; d &lt;e&gt;") == "a\nb\nc & d <e>"
    assert strip_markup("no markup") == "no markup"
