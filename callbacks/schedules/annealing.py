"""Annealing functions: how a value moves from a start to an end while a position goes from 0 to 1.

**Source.** fastai's ``SchedCos``, ``SchedLin`` and ``combined_cos``.
"""

from __future__ import annotations

import math


def cosine_anneal(start: float, end: float, position: float) -> float:
    """Return the value at ``position`` (0 to 1) on half a cosine from ``start`` to ``end``."""
    return start + (end - start) * (1 - math.cos(math.pi * position)) / 2


def linear_anneal(start: float, end: float, position: float) -> float:
    """Return the value at ``position`` (0 to 1) on a straight line from ``start`` to ``end``."""
    return start + (end - start) * position


def two_phase_cosine(position: float, pct_start: float, start: float, middle: float, end: float) -> float:
    """Return the value at ``position`` on a cosine from ``start`` to ``middle`` and then on one to ``end``.

    Args:
        position: From 0 to 1; beyond 1 the value stays at ``end``.
        pct_start: Position at which ``middle`` is reached.
        start: Value at 0.
        middle: Value at ``pct_start``.
        end: Value at 1.
    """
    if position < pct_start:
        return cosine_anneal(start, middle, position / pct_start)
    return cosine_anneal(middle, end, (min(position, 1.0) - pct_start) / (1 - pct_start))
