"""The words of a text as its author wrote them, beside the tokens that they became.

**What it does.** Tokens say ``xxunk`` for a word that a vocabulary lacks, ``xxmaj`` for a capital and ``xxrep 5 o`` for
``ooooo``; subwords and characters are parts of words. Here tokens are put together to words, and each is looked up in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tokenizers import Tokenizer

from .scripts import MARKS_CLASS, SPACELESS_CLASS
from .tokenizer import END, Level, clean, normalize

_JOINED = re.compile(rf"[^\W{SPACELESS_CLASS}]|[{MARKS_CLASS}]")
_CONTRACTION = re.compile(r"'\w")
_APART, _FOLLOWS, _OVERLAPS = 0, 1, 2  # how a piece stands to the one before: overlapping ones hold bytes of the same character
_NEAR = 200  # characters within which a word is searched where it isn't found at once


class Word(NamedTuple):
    """A word and the tokens that it became.

    Attributes:
        text: As it was written; empty for tokens that no reader sees, such as the beginning of a text.
        start: Its first token.
        stop: The token after its last one.
    """

    text: str
    start: int
    stop: int


def source_words(text: str, level: Level, tokenizer: Tokenizer) -> list[Word]:
    """Return the words of a text; their tokens are numbered from 0, without gaps.

    Args:
        text: As it was written.
        level: Kind of token, see :mod:`.tokenizer`.
        tokenizer: Its tokenizer.

    Example:
        >>> from practicum.datamodules.text.source_words import source_words
        >>> from practicum.datamodules.text.tokenizer import build_tokenizer
        >>> tokenizer = build_tokenizer(["xxmaj a film"], "word", 20, 1)
        >>> [tuple(word) for word in source_words("A Zorblax film!!!", "word", tokenizer)]  # xxunk stands for Zorblax
        [('A', 0, 1), ('Zorblax', 1, 3), ('film', 3, 4), ('!!!', 4, 7)]
    """
    normalized = normalize(text, level)
    encoding = tokenizer.encode(normalized)
    pieces = [normalized[begin:end] for begin, end in encoding.offsets]
    if level == "word":
        units = _written(clean(text, level), _units(pieces))
    else:
        units = _adjacent(encoding.tokens, pieces, encoding.offsets)
    words: list[Word] = []
    for word, joined in units:
        last = words[-1].text if words else ""
        if joined == _OVERLAPS or (joined == _FOLLOWS and last and word.text and _belongs(last, word.text)):
            words[-1] = Word(last + word.text, words[-1].start, word.stop)
        else:
            words.append(word)
    return words


def _belongs(before: str, after: str) -> bool:
    """Whether two pieces that nothing separates are one word: ``do`` and ``n't``, ``s`` and ``ooooo``, but not ``film`` and "
    "``.``.
    """
    return bool(_JOINED.match(before[-1])) and bool(_JOINED.match(after) or _CONTRACTION.match(after))


def _units(pieces: list[str]) -> Iterator[tuple[str, int, int, int]]:
    """Yield each word of marked text, how often it is repeated (0: a character is), and its tokens."""
    start = place = 0
    while place < len(pieces):
        piece = pieces[place]
        place += 1
        if piece in ("xxmaj", "xxup") and place < len(pieces):
            continue
        if piece in ("xxrep", "xxwrep") and place + 1 < len(pieces) and pieces[place].isdecimal():
            count, piece = int(pieces[place]), pieces[place + 1]
            place += 2
            yield (piece * min(count, 1000), 1, start, place) if pieces[place - 3] == "xxrep" else (piece, count, start, place)
        else:
            yield piece, 1, start, place
        start = place


def _written(text: str, units: Iterator[tuple[str, int, int, int]]) -> Iterator[tuple[Word, int]]:
    """Look each unit up in the text, and say how it stands to the one before."""
    cursor = 0
    for piece, count, start, stop in units:
        if not piece.strip():
            yield Word("", start, stop), _APART
            continue
        pattern = re.compile(r"\s+".join([re.escape(piece)] * min(count, 100)), re.IGNORECASE)
        found = pattern.search(text, cursor, cursor + _NEAR + len(piece) * count)
        between = text[cursor : found.start()] if found else " "
        cursor = found.end() if found else cursor
        yield Word(found[0] if found else piece, start, stop), _APART if between else _FOLLOWS


def _adjacent(tokens: list[str], pieces: list[str], offsets: list[tuple[int, int]]) -> Iterator[tuple[Word, int]]:
    """Take each token for a unit, and say how it stands to the one before."""
    end, ended = -1, True
    for place, (token, piece, (first, last)) in enumerate(zip(tokens, pieces, offsets, strict=True)):
        text = "" if token == END else piece
        if first < end:  # another byte of the same character
            yield Word(piece[end - first :].strip(), place, place + 1), _OVERLAPS
        else:
            yield Word(text.strip(), place, place + 1), _FOLLOWS if first == end and not ended and text[:1].strip() else _APART
            ended = not text[-1:].strip()
        end = max(end, last)
