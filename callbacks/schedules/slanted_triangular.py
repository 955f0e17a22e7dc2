"""Slanted triangular rates: a short, steep rise and a long, straight fall.

**What it does.** The rate climbs to its height in the first tenth of the training and falls in a straight line for the rest: the
weights soon reach a good region, and then have long to settle in it.

**When to use it.** Fine-tuning a language model or a classifier on it; wherever one would use one cycle and wants the paper's.

**Defaults.** ``cut_frac=.1``, ``ratio=32``, as in the paper.

**Source.** Howard & Ruder 2018 (ULMFiT), section 3.2, equation 3.
"""

from __future__ import annotations

import os

from .lr_schedule import Length, RateSchedule


def slanted_triangular(step: int, total: int, cut_frac: float = 0.1, ratio: float = 32.0) -> float:
    """The factor of a step.

    Args:
        step: From 0.
        total: Steps in all.
        cut_frac: Share of them in which the rate climbs; at least one step.
        ratio: The highest rate divided by the lowest.

    Returns:
        From ``1 / ratio`` up to 1 and back.
    """
    cut = max(1, int(total * cut_frac))
    share = step / cut if step < cut else max(0.0, 1 - (step - cut) / (total - cut))
    return (1 + share * (ratio - 1)) / ratio


class SlantedTriangular(RateSchedule):
    """ULMFiT's schedule over the whole training.

    Args:
        cut_frac: Share of the training in which the rate climbs.
        ratio: The highest rate (the optimizer's) divided by the lowest.
        replace: Put this schedule in place of one that the module configures.
        folder: Where ``schedule.png`` goes.

    Raises:
        MisconfigurationException: See :class:`.RateSchedule`; a number out of its range.
    """

    def __init__(
        self,
        cut_frac: float = 0.1,
        ratio: float = 32.0,
        replace: bool = False,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(replace, folder)
        self.cut_frac, self.ratio = cut_frac, ratio
        if not 0 < cut_frac < 1:
            self._fail(f"cut_frac={cut_frac} must be between 0 and 1: the share of the training in which the rate climbs")
        if ratio < 1:
            self._fail(f"ratio={ratio} must be at least 1: the highest rate divided by the lowest")

    def factor(self, step: int, length: Length) -> float:
        """See :func:`slanted_triangular`."""
        return slanted_triangular(step, length.total or 1, self.cut_frac, self.ratio)
