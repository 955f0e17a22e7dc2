"""Near duplicates of photos: found by perceptual hashes without comparing all pairs, confirmed by their pixels.

A hash of 64 bits describes a few shapes: photos of different things in one pose before one background share it. A pair is
therefore confirmed by thumbnails, whose colours must vary alike over the picture and be the same: one garment in red and in green
is two.

**Source.** N. Krawetz 2013, "Kind of like that" (dHash).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .decode import Pixels

THUMBNAIL = (16, 16, 3)
# Of 178 photos, all recompressed, halved, blurred or turned by 1 degree correlate by .96 or more with themselves; the most alike
# of 24 pairs of different garments with like hashes by .93 in colour, by .94 in brightness.
_ALIKE = 0.95
_ALIKE_IN_BRIGHTNESS = 0.975  # where one of the two has no colours: a black-and-white copy
# The most different part of a sixteenth, in 0..255, once saturation is equal: 12.5 at most for copies (recompressed, halved, of
# 0.8 the saturation, 1.2 the contrast, 1.15 the brightness); 27 in the median of 213 pairs of one garment in other colours.
_COLOUR = 13.0
_COLOURLESS = 4.0  # mean distance of a colour from grey in the most colourful part: a shirt before white is small
_FLAT = 2.0  # standard deviation, in 0..255, below which only noise varies
_COMPARISONS = 1_000_000  # of thumbnails


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


def thumbnail(pixels: Pixels) -> Pixels:
    """The photo at 16 x 16 pixels, stretched: ``uint8 [16, 16, 3]``."""
    return np.asarray(Image.fromarray(pixels).resize(THUMBNAIL[:2], Image.Resampling.BOX))


def look_alike(one: Pixels, others: Pixels) -> NDArray[np.bool_]:
    """Whether photos show the same in the same colours, whatever their brightness, contrast, size and compression.

    Args:
        one: A thumbnail ``[16, 16, 3]``.
        others: Thumbnails ``[N, 16, 16, 3]``.

    Returns:
        ``[N]``.

    Example:
        >>> import numpy as np
        >>> from practicum.datamodules.images.perceptual_hash import look_alike
        >>> photo = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        >>> look_alike(photo, np.stack([photo // 2, photo[::-1]])).tolist()
        [True, False]
    """
    a, b = one[None].astype(np.float64), others.astype(np.float64)
    alike = _correlation(a, b) >= _ALIKE
    grey_a, grey_b = a.mean(3, keepdims=True), b.mean(3, keepdims=True)
    colourless = np.minimum(_by_part(np.abs(a - grey_a)), _by_part(np.abs(b - grey_b))) < _COLOURLESS
    alike &= _colour_difference(a - grey_a, b - grey_b) <= _COLOUR
    alike |= colourless & (_correlation(grey_a, grey_b) >= _ALIKE_IN_BRIGHTNESS)
    flat = np.minimum(a.std((1, 2)).max(1), b.std((1, 2)).max(1)) < _FLAT
    return np.where(flat, np.sqrt(((a - b) ** 2).mean((1, 2, 3))) < 2 * _FLAT, alike)


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b = a - a.mean((1, 2), keepdims=True), b - b.mean((1, 2), keepdims=True)
    size = np.sqrt((a * a).sum((1, 2, 3)) * (b * b).sum((1, 2, 3)))
    return (a * b).sum((1, 2, 3)) / np.maximum(size, 1e-9)


def _colour_difference(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest difference of distances from grey ``[1 or N, 16, 16, 3]``, over 4 x 4 parts, at equal saturation ``[N]``."""
    saturation = (a * b).sum((1, 2, 3)) / np.maximum((a * a).sum((1, 2, 3)), 1e-9)
    rest = b - np.clip(saturation, 0.5, 2)[:, None, None, None] * a
    return _by_part(rest)


def _by_part(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The largest size ``[N]`` that the mean of ``[N, 16, 16, 3]`` over a part of 4 x 4 pixels has."""
    parts = values.reshape(len(values), 4, THUMBNAIL[0] // 4, 4, THUMBNAIL[1] // 4, 3).mean((2, 4))
    return np.asarray(np.abs(parts).max((1, 2, 3)))


def near_duplicates(
    dhash: NDArray[np.uint64], distance: int = 3, limit: int = 10_000, thumbnails: Pixels | None = None
) -> list[tuple[int, int]]:
    """Pairs of photos whose perceptual hashes differ in at most ``distance`` of 64 bits, and that look alike.

    Two hashes that differ in at most 3 bits agree in at least one of their four 16-bit parts, so only photos that share a
    part are compared: nearly linear in the number of photos.

    Args:
        dhash: ``uint64 [N]``.
        distance: At most 3.
        limit: Stop after this many pairs: frames of one video, or scans of one form, all look alike.
        thumbnails: ``uint8 [N, 16, 16, 3]``, see :func:`thumbnail`, by which pairs are confirmed; ``None``: they aren't.

    Returns:
        Pairs ``(i, j)`` with ``i < j``, sorted.

    Example:
        >>> import numpy as np
        >>> from practicum.datamodules.images.perceptual_hash import near_duplicates
        >>> near_duplicates(np.array([0b1010, 0b1011, 2**40 - 1], dtype=np.uint64))
        [(0, 1)]
    """
    pairs: set[tuple[int, int]] = set()
    compared = 0
    for shift in (0, 16, 32, 48):
        part = (dhash >> np.uint64(shift)) & np.uint64(0xFFFF)
        order = np.argsort(part, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(part[order].astype(np.int64)) != 0])
        for bucket in np.split(order, starts[1:]):
            for place, i in enumerate(bucket[:-1]):
                rest = bucket[place + 1 :]
                rest = rest[np.bitwise_count(dhash[rest] ^ dhash[i]) <= distance]
                if thumbnails is not None and rest.size:
                    compared += len(rest)
                    rest = rest[look_alike(thumbnails[i], thumbnails[rest])]
                pairs.update((min(i, j), max(i, j)) for j in rest.tolist())
                if len(pairs) >= limit or compared >= _COMPARISONS:
                    return sorted((int(i), int(j)) for i, j in pairs)[:limit]
    return sorted((int(i), int(j)) for i, j in pairs)
