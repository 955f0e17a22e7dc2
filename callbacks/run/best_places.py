"""Which of several results for a metric are the best ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from ..figures.metric_direction import better


def best_places(metric: str, values: Sequence[float | None]) -> set[int]:
    """Places, from 1, of the best of a metric's values.

    Example:
        >>> from practicum.callbacks.run.best_places import best_places
        >>> best_places("accuracy", [0.5, None, 0.7, 0.7]), best_places("loss", [0.5, 0.7])
        ({3, 4}, {1})
    """
    known = [value for value in values if value is not None]
    if not known:
        return set()
    best = reduce(lambda a, b: b if better(metric, b, a) else a, known)
    return {place for place, value in enumerate(values, 1) if value == best}
