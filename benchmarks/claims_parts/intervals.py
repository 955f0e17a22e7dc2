"""Means of a few seeds with their 95 % intervals, and paired differences."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from scipy.stats import t

LOWER_IS_BETTER = ("loss", "rmse", "mae", "perplexity", "epochs", "seconds")


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half of its 95 % interval by Student's t; the half is not a number of fewer than two values."""
    if len(values) < 2:
        return statistics.fmean(values), math.nan
    return statistics.fmean(values), float(t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))


def gain(metric: str, mine: Sequence[float], reference: Sequence[float]) -> tuple[float, float]:
    """By how much a variant is better than the reference, seed by seed: mean and half of its 95 % interval."""
    sign = -1.0 if metric.startswith(LOWER_IS_BETTER) else 1.0
    return interval([sign * (a - b) for a, b in zip(mine, reference, strict=True)])


def verdict(mean: float, half: float) -> str:
    """What an interval says: better, worse, or nothing that this many seeds could show."""
    if math.isnan(half) or abs(mean) <= half:
        return "no difference shown"
    return "better" if mean > 0 else "worse"
