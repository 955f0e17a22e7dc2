"""The picture of how cost grows: seconds and memory against the size, both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

LINES = {"epoch": "an epoch, with validation", "data": "reading and preparing", "seconds": "the whole process"}


def exponent(sizes: Sequence[float], values: Sequence[float]) -> list[float]:
    """Between neighbouring sizes, the power of the size by which a cost grows: 1 is in proportion, 0 not at all."""
    pairs = list(zip(sizes, values, strict=True))
    return [math.log(after / before) / math.log(large / small) for (small, before), (large, after) in pairwise(pairs)]


def draw(unit: str, measured: Sequence[dict[str, Any]], path: Path) -> None:
    """Save a picture with two panels: seconds on the left, memory on the right.

    Args:
        unit: What is counted.
        measured: Of each size ``size``, ``seconds``, ``data``, ``epoch`` and ``memory``, by rising size.
        path: Of the PNG.
    """
    sizes = [each["size"] for each in measured]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for key, label in LINES.items():
        left.plot(sizes, [max(each[key], 0.01) for each in measured], "o-", label=label)
    right.plot(sizes, [each["memory"] / 2**30 for each in measured], "o-", color="C3", label="most memory of one process")
    for axes, label in ((left, "seconds"), (right, "GiB")):
        axes.set(xscale="log", yscale="log", xlabel=unit, ylabel=label)
        axes.grid(alpha=0.3, which="both")
        last = [each["epoch"] if axes is left else each["memory"] / 2**30 for each in measured][-1]
        axes.plot(sizes, [last * size / sizes[-1] for size in sizes], ":", color="0.5", label="in proportion to the size")
        axes.legend(fontsize=8)
    most = max(each["memory"] for each in measured) / 2**30
    right.set_ylim(min(0.5, most / 2), 2 * most)  # a process without any data holds about one; room for the legend
    right.yaxis.set_major_locator(LogLocator(2))
    right.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    right.yaxis.set_minor_formatter(NullFormatter())
    beside = path.with_suffix(".part.png")
    figure.savefig(beside, dpi=110)
    plt.close(figure)
    beside.replace(path)
