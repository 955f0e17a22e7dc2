"""Grey photos of more than 8 bits (12- or 16-bit PNG, 16- or 32-bit TIFF): which values are black and white.

Such a file does not say which of its values is white: a camera of 12 bits fills 4,096 of 65,536 levels, and floating-point
files hold 0 to 1, 0 to 255 or a physical unit. Pillow clips them at 255. Here one range is chosen for a whole data set, from the
lowest and the highest value in it, so that photos stay comparable; it is recorded and used for new photos too.

**Defaults.** Black is 0, or the lowest value where there are negative ones; white is the largest value of the usual number of
bits (8, 10, 12, 14, 16, 24, 31, 32; floating point: 1, 255, 4095, 65535) that holds all, or the highest value where that is less
than a quarter of it. Values that fill less than a sixteenth of that range (a thermal camera's 7,000 to 8,000) are spread over all
of it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from practicum.lightning_shim import MisconfigurationException

_BITS = (8, 10, 12, 14, 16, 24, 31, 32)
_INTEGER_WHITES = tuple(float(2**bits - 1) for bits in _BITS)
_FLOATING_WHITES = (1.0, 255.0, 4095.0, 65535.0)
_OUTLIER = 1e4  # times the median photo's values
_DARK = 0.25  # share of a range that a data set fills at least whose usual range it is


KINDS = ("integer", "floating")


class Levels(NamedTuple):
    """Lowest and highest finite value of a photo, and whether they are floating point."""

    low: float
    high: float
    floating: bool

    @property
    def kind(self) -> str:
        """``"floating"`` or ``"integer"``: each has a range of its own."""
        return KINDS[self.floating]


NO_LEVELS = (np.nan, np.nan, np.nan)  # of other photos


class GreyRange(NamedTuple):
    """The values that become black and white."""

    black: float
    white: float


GreyRule = Callable[[Levels], GreyRange]


def usual_range(levels: Levels) -> GreyRange:
    """The range in which values from ``levels.low`` to ``levels.high`` are usually shown.

    Example:
        >>> from practicum.datamodules.images.deep_grey import Levels, usual_range
        >>> usual_range(Levels(16, 4048, False)), usual_range(Levels(0, 0.0099, True)), usual_range(Levels(7000, 8000, False))
        (GreyRange(black=0.0, white=4095.0), GreyRange(black=0.0, white=0.0099), GreyRange(black=7000.0, white=8000.0))
    """
    low, high = float(levels.low), float(levels.high)
    whites = _FLOATING_WHITES if levels.floating else _INTEGER_WHITES
    white = next((white for white in whites if white >= high), high)
    if high <= white / 4 and high > 0:
        white = high
    black = min(low, 0.0)
    if 0 < high - low < (white - black) / 16:
        return GreyRange(low, high)
    return GreyRange(black, white if white > black else black + 1.0)


def ranges_of(levels: Iterable[Levels], known: Mapping[str, GreyRange]) -> dict[str, GreyRange]:
    """The ranges of a data set, one for integers and one for floating point.

    Args:
        levels: Of its deep grey photos.
        known: Ranges that are given, by kind: they are kept.
    """
    kinds: dict[str, list[Levels]] = {}
    for each in levels:
        kinds.setdefault(each.kind, []).append(each)
    return {kind: known.get(kind) or usual_range(_extremes(members)) for kind, members in kinds.items()}


def _extremes(levels: list[Levels]) -> Levels:
    """Lowest and highest of all, but for photos far outside the others: a damaged file of 1e38 must not blacken a data set."""
    sizes = [max(abs(each.low), abs(each.high)) for each in levels]
    limit = _OUTLIER * statistics.median_low(sizes) or max(sizes)
    kept = [each for each, size in zip(levels, sizes, strict=True) if size <= limit]
    return Levels(min(each.low for each in kept), max(each.high for each in kept), levels[0].floating)


def parse_ranges(option: object, owner: str) -> dict[str, GreyRange]:
    """The option ``grey_range`` as ranges by kind.

    Args:
        option: ``None``, ``[black, white]``, or such a pair by kind (``integer``, ``floating``).
        owner: Who has the option, for the message.

    Raises:
        MisconfigurationException: It is something else.
    """
    if option is None:
        return {}
    given: Mapping[Any, Any] = option if isinstance(option, Mapping) else dict.fromkeys(KINDS, option)
    try:
        found = {str(kind): GreyRange(*map(float, pair)) for kind, pair in given.items()}
    except (TypeError, ValueError):
        found = {"": GreyRange(0, 0)}
    if not all(kind in KINDS and -np.inf < each.black < each.white < np.inf for kind, each in found.items()):
        raise MisconfigurationException(f"{owner}: grey_range={option} must be two numbers, the values of black and of white.")
    return found


def shown(ranges: Mapping[str, GreyRange]) -> str:
    """Ranges in words.

    Example:
        >>> from practicum.datamodules.images.deep_grey import GreyRange, shown
        >>> shown({"integer": GreyRange(0.0, 4095.0)})
        '0 to 4095 (integer)'
    """
    return " and ".join(f"{low:g} to {high:g} ({kind})" for kind, (low, high) in sorted(ranges.items()))


def unlike_range(levels: Iterable[Levels], known: Mapping[str, GreyRange]) -> list[str]:
    """Say whether photos do not fit the range in which training's are shown: they reach beyond it, or fill a small part of it.

    Args:
        levels: Of the deep grey photos.
        known: The ranges, by kind; of other kinds nothing is said.

    Example:
        >>> from practicum.datamodules.images.deep_grey import GreyRange, Levels, unlike_range
        >>> unlike_range([Levels(0, 900, False), Levels(5, 1023, False)], {"integer": GreyRange(0, 65535)})[0][:62]
        '2 grey photos hold no value above 1023, of 0 to 65535 (integer'
    """
    kinds: dict[str, list[Levels]] = {}
    for each in levels:
        kinds.setdefault(each.kind, []).append(each)
    notes = []
    for kind, members in kinds.items():
        if kind not in known:
            continue
        black, white = known[kind]
        inside = [each for each in members if black <= each.low and each.high <= white]
        if outside := len(members) - len(inside):
            notes.append(
                f"{outside:,} grey photos hold values outside {shown({kind: known[kind]})}, the range that is shown as black to "
                "white: these become black or white."
            )
        if inside and (most := max(each.high for each in inside)) - black <= _DARK * (white - black):
            notes.append(
                f"{len(inside):,} grey photos hold no value above {most:g}, of {shown({kind: known[kind]})}, the range that is "
                "shown as black to white: they are dark throughout; if it is of more bits than they have, convert them."
            )
    return notes


def levels_of(values: NDArray[Any]) -> Levels:
    """Lowest and highest finite value.

    Raises:
        ValueError: There is none.
    """
    finite = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not finite.size:
        raise ValueError("no finite value")
    return Levels(float(finite.min()), float(finite.max()), values.dtype.kind == "f")


def eight_bits(values: NDArray[Any], grey: GreyRange) -> NDArray[np.uint8]:
    """Values scaled to 0..255, clipped outside the range; what is not a number is black."""
    scaled = values.astype(np.float32)
    if grey.black:
        scaled = (values - np.float64(grey.black)).astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = scaled * (255 / (grey.white - grey.black))
    if values.dtype.kind == "f":
        scaled = np.nan_to_num(scaled, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
    return scaled.clip(0, 255).astype(np.uint8)
