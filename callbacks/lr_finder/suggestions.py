"""Four ways to read a learning rate off the curve of a range test.

**What they do.** Each takes the rates that were tried, in rising order, and the (smoothed) loss at each, and returns a rate:

- :func:`valley`: half-way into the longest descent. Robust; a good default.
- :func:`steep`: where the loss falls fastest against the logarithm of the rate.
- :func:`minimum`: a tenth of the rate at which the loss is lowest.
- :func:`slide`: from the right, the first place where the slope stays the same over an interval.

**When to use which.** ``valley`` and ``slide`` are close to what one would pick by eye; ``steep`` is cautious, ``minimum`` bold
on noisy curves.

**Source.** The rules of fastai 2's ``lr_find``, with the same results; the method is that of Smith 2015, section 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def smooth(losses: Sequence[float], beta: float = 0.98) -> list[float]:
    """Return the exponential moving averages of a sequence, corrected for their initial bias towards 0."""
    average, smoothed = 0.0, []
    for count, loss in enumerate(losses, 1):
        average = beta * average + (1 - beta) * loss
        smoothed.append(average / (1 - beta**count))
    return smoothed


def valley(lrs: Sequence[float], losses: Sequence[float]) -> float:
    """Return the rate half-way into the longest falling subsequence of the losses (a third plus half a third)."""
    lengths: list[int] = []  # of the longest falling subsequence that ends at each point
    end, start = 0, 0
    for i, loss in enumerate(losses):
        length = 1
        for j in range(i):
            if loss < losses[j]:
                length = max(length, lengths[j] + 1)
            if end != i and length > lengths[end]:
                end, start = i, i - length
        lengths.append(length)
    third = (end - start) / 3
    return float(lrs[start + int(third) + int(third / 2)])


def steep(lrs: Sequence[float], losses: Sequence[float]) -> float:
    """Return the rate after which the loss falls fastest against the logarithm of the rate."""
    slopes = np.diff(np.asarray(losses, dtype=float)) / np.diff(np.log(np.asarray(lrs, dtype=float)))
    return float(lrs[int(slopes.argmin())])


def minimum(lrs: Sequence[float], losses: Sequence[float]) -> float:
    """Return a tenth of the rate at which the loss is lowest."""
    return float(lrs[int(np.argmin(losses))]) / 10


def slide(lrs: Sequence[float], losses: Sequence[float], interval: int = 15, threshold: float = 0.005) -> float:
    """Return the left end of an interval that slides from the right until the slopes at its ends are alike.

    Args:
        lrs: Rates, rising.
        losses: Smoothed losses.
        interval: Width of the interval in steps.
        threshold: Largest difference of the slopes.
    """
    slopes = np.gradient(np.asarray(losses, dtype=float))
    right = len(losses) - 1
    left = right - interval
    found = float(lrs[max(0, left)])
    while left >= 0 and abs(slopes[right] - slopes[left]) > threshold:
        found = float(lrs[left])
        right, left = right - 1, left - 1
    return found


RULES = {"valley": valley, "steep": steep, "minimum": minimum, "slide": slide}


def readable_part(lrs: Sequence[float], losses: Sequence[float], steps: int) -> tuple[list[float], list[float]]:
    """Return the part of a curve that the rules read: without its first tenth, its last five steps, and all from the first NaN.

    Args:
        lrs: Rates, rising.
        losses: Smoothed losses.
        steps: Steps of a whole test, whether or not this one stopped early.
    """
    lrs, losses = list(lrs[steps // 10 : -5]), list(losses[steps // 10 : -5])
    broken = next((i for i, loss in enumerate(losses) if math.isnan(loss)), len(losses))
    return lrs[:broken], losses[:broken]


def suggestions(lrs: Sequence[float], losses: Sequence[float], steps: int) -> dict[str, float]:
    """Return the rate that each of :data:`RULES` reads off a curve; none where it has fewer than 17 readable points.

    Args:
        lrs: Rates, rising.
        losses: Smoothed losses.
        steps: Steps of a whole test.
    """
    lrs, losses = readable_part(lrs, losses, steps)
    return {name: rule(lrs, losses) for name, rule in RULES.items()} if len(lrs) > 16 else {}


def has_valley(losses: Sequence[float], steps: int, share: float = 0.01) -> bool:
    """Return whether the loss falls by more than ``share``, and significantly.

    The mean of the first tenth is compared with the lowest mean of as many steps in a row. Both vary as the loss varies from step
    to step; a margin of five standard errors of the first keeps pure noise from passing.

    Args:
        losses: Loss of each step, not smoothed.
        steps: Steps of a whole test.
        share: Share of the initial loss.
    """
    width = steps // 10 + 1
    values = np.asarray(losses, dtype=float)
    if len(values) < 2 * width:
        return False
    means = np.convolve(values, np.full(width, 1 / width), "valid")
    error = np.sqrt((np.diff(values[: 3 * width]) ** 2).mean() / 2 / width)
    return bool(means[width:].min() < means[0] - max(share * abs(means[0]), 5 * error))
