"""Damage that any file may have, and names that any file may have."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
NAMES = (
    *("a", "b", "cat", "Cat", "a b", " a", "a ", "a.b", "ä", "a\u0308", "猫", "😀", "-rf", "con", "nan", "null", "NA"),
    *("1", "01", "1.0", "True", "train", "Valid", "test", "training_set", "label", "text", "$x$", "$(id)"),
    *("`id`", "50%", "%s", "{x}"),
    *("{0}", "#a", "a#b", "a?b", "*", "[a]", "~", "a'b", 'a"b', "a,b", "a;b", "a:b", "a|b", "a\\b", "a\tb", "a=b", "a&b", "<b>"),
    *("\u202eabc", "\u200b", ".hidden", ".ipynb_checkpoints", "__MACOSX", "Thumbs.db", "x" * 200),
    *("\udce9t\udce9", "\ufeffa", "\u2028"),
    *("..a", "a..", "__split"),
)  # fmt: skip


def names(*more: str) -> st.SearchStrategy[str]:
    """A name that may be a file's, a class's or a column's; never empty, ``.``, ``..``, nor with a slash or NUL."""
    letters = st.text(st.characters(codec="utf-8", exclude_characters="/\0\n\r"), min_size=1, max_size=8)
    return st.one_of(st.sampled_from((*more, *NAMES)), letters.filter(lambda name: name not in (".", "..")))


def rarely(draw: st.DrawFn, usual: T, odd: Sequence[T], often: int = 8) -> T:
    """What is usual, or about one time in ``often`` something odd: an input with one oddity tells more than one with six."""
    return draw(st.sampled_from(odd)) if draw(st.integers(0, often - 1)) == often - 1 else usual


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 3)):
        data[chance.randrange(len(data))] ^= chance.randint(1, 255)


def _truncate(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def _zeros(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at : at + 16] = bytes(len(data[at : at + 16]))


def _repeat(data: bytearray, chance: random.Random) -> None:
    at, length = chance.randrange(len(data)), chance.randint(1, 64)
    data[at:at] = data[at : at + length]


def _drop(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.randint(1, 32)]


def _insert(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.choice(
        [b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\x1a", b'"', b"\n\n", b"\x80", b"," * 9, bytes(40)]
    )


def _head(data: bytearray, chance: random.Random) -> None:
    """Any byte of the first 64, where headers are."""
    data[chance.randrange(min(64, len(data)))] = chance.choice([0, 1, 127, 128, 255])


_KINDS = {each.__name__[1:]: each for each in (_flip, _truncate, _zeros, _repeat, _drop, _insert, _head)}


def damage(draw: st.DrawFn, content: bytes, said: list[str], name: str, often: int = 6) -> bytes:
    """Damage bytes in one way, about one time in ``often``; it is noted in ``said``."""
    if not content or draw(st.integers(0, often - 1)) != often - 1:
        return content
    kind, seed = draw(st.sampled_from(sorted(_KINDS))), draw(st.integers(0, 2**20))
    data = bytearray(content)
    _KINDS[kind](data, random.Random(seed))
    said.append(f"damaged {name[:40]!r}: {kind}({seed})")
    return bytes(data)
