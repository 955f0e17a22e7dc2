"""Whether fields of a table may begin with a zero or a blank, by a look at its bytes: it spares most tables slower ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

_BLOCK = 1 << 22


def has_padding(data: Any, start: int) -> bool:
    """Whether some field of a table may begin with a zero that another digit follows.

    Args:
        data: The table's bytes.
        start: Where it begins.
    """
    zero, nine, point = b"09."
    for block in _blocks(data, start):
        zeros = np.flatnonzero(block[1:-1] == zero) + 1
        zeros = zeros[(block[zeros + 1] >= zero) & (block[zeros + 1] <= nine)]
        before = block[zeros - 1]
        if (((before < zero) | (before > nine)) & (before != point)).any():
            return True
    return False


def has_blanks(data: Any, start: int, delimiter: str) -> bool:
    """Whether some field of a table may begin or end with a blank.

    Args:
        data: The table's bytes.
        start: Where it begins.
        delimiter: Its delimiter.
    """
    edges = np.zeros(256, bool)
    edges[[*b"\n\r\"'", ord(delimiter)]] = True
    for block in _blocks(data, start):
        blanks = np.flatnonzero((block[1:-1] == 32) | (block[1:-1] == 9) | (block[1:-1] == 0xC2)) + 1
        blanks = blanks[block[blanks] != ord(delimiter)]
        if (edges[block[blanks - 1]] | edges[block[blanks + 1]]).any():
            return True
    return False


def _blocks(data: Any, start: int) -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
    """Blocks of a table's bytes, with a byte before and one after each; beyond the table lie line ends."""
    whole = np.frombuffer(data, np.uint8)
    end = np.asarray([10], np.uint8)
    for begin in range(start, len(whole), _BLOCK):
        stop = begin + _BLOCK
        before = whole[begin - 1 : begin] if begin > start else end
        after = whole[stop : stop + 1] if stop < len(whole) else end
        yield np.concatenate([before, whole[begin:stop], after])
