"""Perceptual hashes: near duplicates of photos, found without comparing all pairs.

**Source.** N. Krawetz 2013, "Kind of like that" (dHash).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .decode import Pixels


def difference_hash(pixels: Pixels) -> int:
    """64-bit perceptual hash (dHash): whether each cell of an 8x8 grid is brighter than its right neighbour.

    Photos that differ by scale, compression or slight retouching differ in few of the 64 bits.

    Args:
        pixels: ``uint8 [H, W, 3]``.

    Example:
        >>> import numpy as np
        >>> from practicum.datamodules.images.perceptual_hash import difference_hash
        >>> ramp = np.arange(0, 180, 2, dtype=np.uint8)[None, :, None].repeat(64, 0).repeat(3, 2)
        >>> difference_hash(ramp) == 2**64 - 1, difference_hash(ramp[:, ::-1])
        (True, 0)
    """
    grey = np.asarray(Image.fromarray(pixels).convert("L").resize((9, 8), Image.Resampling.BOX), dtype=np.int16)
    bits = (grey[:, 1:] > grey[:, :-1]).reshape(-1)
    return int(np.packbits(bits).view(">u8")[0])


def near_duplicates(dhash: NDArray[np.uint64], distance: int = 3, limit: int = 10_000) -> list[tuple[int, int]]:
    """Pairs of photos whose perceptual hashes differ in at most ``distance`` of 64 bits.

    Two hashes that differ in at most 3 bits agree in at least one of their four 16-bit parts, so only photos that share a
    part are compared: nearly linear in the number of photos.

    Args:
        dhash: ``uint64 [N]``.
        distance: At most 3.
        limit: Stop after this many pairs: frames of one video, or scans of one form, all look alike.

    Returns:
        Pairs ``(i, j)`` with ``i < j``, sorted.

    Example:
        >>> import numpy as np
        >>> from practicum.datamodules.images.perceptual_hash import near_duplicates
        >>> near_duplicates(np.array([0b1010, 0b1011, 2**40 - 1], dtype=np.uint64))
        [(0, 1)]
    """
    pairs: set[tuple[int, int]] = set()
    for shift in (0, 16, 32, 48):
        part = (dhash >> np.uint64(shift)) & np.uint64(0xFFFF)
        order = np.argsort(part, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(part[order].astype(np.int64)) != 0])
        for bucket in np.split(order, starts[1:]):
            for place, i in enumerate(bucket[:-1]):
                differing = np.bitwise_count(dhash[bucket[place + 1 :]] ^ dhash[i])
                pairs.update((min(i, j), max(i, j)) for j in bucket[place + 1 :][differing <= distance].tolist())
                if len(pairs) >= limit:
                    return sorted((int(i), int(j)) for i, j in pairs)[:limit]
    return sorted((int(i), int(j)) for i, j in pairs)
