"""Tokenizers: words with marks for case and repetition, sub-words, characters, or whitespace-separated tokens.

**What it does.** ``word``: ``Don't SHOUT sooooo`` becomes ``xxmaj do n't xxup shout s xxrep 5 o``, so that a word has a single
row in the vocabulary whatever its case, and no information is lost. Apostrophes may be straight or curly, letters composed or
decomposed. Han, Kana, Thai and other scripts without spaces are read as single characters, see :mod:`.scripts`. ``bpe``:
sub-words learnt from the text (byte pair encoding), for languages with long words or without spaces. ``character``: single
characters. ``whitespace``: text that is tokenized already, such as Penn Treebank; each line ends in ``<eos>``.

**When to use which.** ``word`` for a vocabulary that carries over from one corpus to another; ``bpe`` and ``character`` where
words are rare or unbounded.

**Defaults.** ``word``, at most 60,000 tokens, each of which occurs at least twice.

**Sources.** The marks: Howard and Gugger 2020, fastai (``fastai.text.core``). Sub-words: Sennrich et al. 2016, on bytes as in
GPT-2.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from practicum.lightning_shim import MisconfigurationException
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from .scripts import CAPITALS_CLASS, MARKS_CLASS, SPACELESS_CLASS, WORDS

Level = Literal["word", "whitespace", "bpe", "character"]
LEVELS: tuple[str, ...] = get_args(Level)

UNKNOWN, PAD, BEGIN, END = "xxunk", "xxpad", "xxbos", "<eos>"
MARKS = ("xxrep", "xxwrep", "xxup", "xxmaj")
SPECIALS = (UNKNOWN, PAD, BEGIN, END)  # ids 0, 1, 2, 3 at every level

_BREAK = re.compile(r"<br\s*/?>")
_REPEATED = re.compile(r"([^\s\d])\1\1+")
_REPEATED_WORD = re.compile(r"\b(\w++)(?:\s++\1\b){2,}")
_CAPITAL = re.compile(r"\b[A-Z]\w++")
# The same beyond ASCII: combining marks belong to the letter before them, and every script's capitals count.
_M = MARKS_CLASS
_REPEATED_BEYOND = re.compile(rf"([^\s\d{_M}])\1\1+(?![{_M}])")
_REPEATED_WORD_BEYOND = re.compile(rf"(?<![\w{_M}])(\w[\w{_M}]*+)(?:\s++\1(?![\w{_M}])){{2,}}")
_CAPITAL_BEYOND = re.compile(rf"(?<![\w{_M}])[{CAPITALS_CLASS}][\w{_M}]++")
_CHARACTERS = r"[\s\S]"
_SPACES = re.compile(r"[^\S\n]+")
_NEWLINE = re.compile(r" ?\n ?")
_LINES = re.compile(r"\s*\n\s*")
# Apostrophes that word processors and phones set: an opening quotation mark is one only between letters.
_APOSTROPHE = re.compile("[\u2019\uff07]|(?<=\\w)\u2018(?=\\w)")
# Characters that show nothing: variation selectors of emoji, soft hyphens, marks of direction, and a space of no width.
_INVISIBLE = dict.fromkeys([0xFE0E, 0xFE0F, 0xAD, 0x2060, 0xFEFF, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_INVISIBLE[0x200B] = " "
_SPACELESS = re.compile(rf"(?<=[{SPACELESS_CLASS}{_M}]) (?=[{SPACELESS_CLASS}])")


def strip_markup(text: str) -> str:
    """Replace ``<br />`` by a newline and HTML entities by their characters."""
    return html.unescape(_BREAK.sub("\n", text)) if "<" in text or "&" in text else text


def add_case_marks(text: str) -> str:
    """Lower-case a text, with ``xxmaj`` before capitalized words and ``xxup`` before words in capitals.

    Repetition is marked too: ``xxrep 4 !`` stands for ``!!!!`` and ``xxwrep 3 no`` for ``no no no``. Single letters get no mark.

    Example:
        >>> from practicum.datamodules.text.tokenizer import add_case_marks
        >>> add_case_marks("Hello WORLD")
        'xxmaj hello xxup world'
    """
    patterns = (_REPEATED, _REPEATED_WORD, _CAPITAL)
    if not text.isascii():
        patterns = (_REPEATED_BEYOND, _REPEATED_WORD_BEYOND, _CAPITAL_BEYOND)
    repeated, repeated_word, capital = patterns
    text = repeated.sub(lambda found: f" xxrep {len(found[0])} {found[1]} ", text)
    text = repeated_word.sub(lambda found: f" xxwrep {len(found[0].split())} {found[1]} ", text)
    return capital.sub(_mark_capitals, text).lower()


def _mark_capitals(found: re.Match[str]) -> str:
    word = found[0]
    return f"xxup {word}" if word.isupper() else f"xxmaj {word}" if word[1:].islower() else word


def clean(text: str, level: Level) -> str:
    """Replace what is written in several ways by one: markup, decomposed letters; apostrophes and invisible characters.

    Letters are composed (NFC) at every level: \u00e9 and a syllable of Hangul are the same whether they came as one character or
    as several. At level ``word`` a curly apostrophe becomes a straight one, as in ``don't``.

    Args:
        text: As it was written.
        level: Kind of token, see the module's docstring.
    """
    if level != "whitespace":
        text = strip_markup(text)
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    return _APOSTROPHE.sub("'", text.translate(_INVISIBLE)) if level == "word" else text


def normalize(text: str, level: Level, ends: bool = True) -> str:
    """Normalize a text for the tokenizer that :func:`build_tokenizer` makes at the same level.

    Args:
        text: As it was written.
        level: Kind of token, see the module's docstring.
        ends: Whether its last line ends here; a part of a longer line does not, and gets no ``<eos>`` at level ``whitespace``.
    """
    text = clean(text, level)
    if level == "whitespace":
        lines = " ".join(f"{line} {END}" for line in text.splitlines() if line.strip()) or END
        return lines if ends else lines.removesuffix(END)
    if level == "word":
        return _LINES.sub(" \n ", add_case_marks(text).strip())
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def build_tokenizer(texts: Iterable[str], level: Level, max_vocab: int, min_count: int) -> Tokenizer:
    """Learn a vocabulary.

    Args:
        texts: Texts as :func:`normalize` returns them.
        level: Kind of token, see the module's docstring.
        max_vocab: Maximum number of tokens, including :data:`SPECIALS` and, at level ``word``, :data:`MARKS`.
        min_count: Minimum number of occurrences of a word; with ``bpe`` of a pair to be merged.

    Raises:
        MisconfigurationException: The level is unknown.
    """
    if level not in LEVELS:
        raise MisconfigurationException(f"level={level}: choose {', '.join(LEVELS)}.")
    trainer: trainers.Trainer
    specials = [*SPECIALS, *MARKS] if level == "word" else list(SPECIALS)
    if level == "bpe":
        tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=max_vocab,
            min_frequency=min_count,
            special_tokens=specials,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
    else:
        tokenizer = Tokenizer(models.WordLevel(unk_token=UNKNOWN))
        if level == "whitespace":
            tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        else:
            pattern = WORDS if level == "word" else _CHARACTERS
            tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(pattern), "removed", invert=True)
        trainer = trainers.WordLevelTrainer(
            vocab_size=max_vocab, min_frequency=min_count, special_tokens=specials, show_progress=False
        )
    tokenizer.train_from_iterator(texts, trainer)
    return _with_ordinary_specials(tokenizer, specials)


def _with_ordinary_specials(tokenizer: Tokenizer, specials: Sequence[str]) -> Tokenizer:
    """Turn the special tokens into ordinary entries of the vocabulary, first and with consecutive ids.

    The trainer handles them as added tokens: a slow extra pass that ignores the pre-tokenizer's pattern, and lists them a second
    time where they occur in the texts.
    """
    described = json.loads(tokenizer.to_str())
    described["added_tokens"] = []
    if described["model"]["type"] == "WordLevel":
        others = [token for token in vocabulary(tokenizer) if token not in specials]
        described["model"]["vocab"] = {token: number for number, token in enumerate([*specials, *others])}
    return Tokenizer.from_str(json.dumps(described, ensure_ascii=False))


def level_of(tokenizer: Tokenizer) -> Level | None:
    """Return the level at which :func:`build_tokenizer` made a tokenizer; ``None`` if something else made it.

    Example:
        >>> from practicum.datamodules.text.tokenizer import build_tokenizer, level_of
        >>> level_of(build_tokenizer(["a b"], "whitespace", max_vocab=10, min_count=1))
        'whitespace'
    """
    if any(tokenizer.token_to_id(token) != number for number, token in enumerate(SPECIALS)):
        return None
    splits = json.loads(tokenizer.to_str())["pre_tokenizer"] or {"type": "none"}
    kind = splits["pattern"].get("Regex") if splits["type"] == "Split" else splits["type"]
    levels: dict[str, Level] = {
        "ByteLevel": "bpe",
        "WhitespaceSplit": "whitespace",
        WORDS: "word",
        _CHARACTERS: "character",
    }
    return levels.get(kind)


def vocabulary(tokenizer: Tokenizer) -> list[str]:
    """List the tokens by id."""
    return [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])]


def detokenize(tokens: Iterable[str], level: Level) -> str:
    """Join tokens into readable text: the inverse of :func:`normalize` and tokenization, as far as there is one.

    Example:
        >>> from practicum.datamodules.text.tokenizer import detokenize
        >>> detokenize(["xxbos", "xxmaj", "do", "n't", "xxup", "shout", "xxrep", "3", "!"], "word")
        "Don't SHOUT!!!"
    """
    tokens = [token for token in tokens if token not in (PAD, BEGIN)]
    if level == "character":
        return "".join("\n" if token == END else token for token in tokens)
    if level == "bpe":
        return decoders.ByteLevel().decode([token for token in tokens if token != END])
    if level == "whitespace":
        return _NEWLINE.sub("\n", " ".join("\n" if token == END else token for token in tokens))
    words: list[str] = []
    change, repeat = "", 0
    iterator = iter(tokens)
    for token in iterator:
        if token in ("xxmaj", "xxup"):
            change = token
        elif token in ("xxrep", "xxwrep"):
            count = next(iterator, "")
            repeat = int(count) if count.isdecimal() and len(count) < 3 else 1
            whole = token == "xxwrep"
            word = next(iterator, "")
            words.append(" ".join([word] * repeat) if whole else word * repeat)
        else:
            words.append(token.capitalize() if change == "xxmaj" else token.upper() if change == "xxup" else token)
            change = ""
    text = " ".join(words)
    if not text.isascii():
        text = _SPACELESS.sub("", text)
    text = re.sub(r" (n't\b|'(?:s|re|ve|ll|d|m)\b|[.,;:!?)\]])", r"\1", text)
    return _NEWLINE.sub("\n", re.sub(r"([(\[]) ", r"\1", text))
