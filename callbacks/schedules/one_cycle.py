"""The 1cycle policy: one rise of the rate and one long fall, momentum the other way round.

**What it does.** The rate climbs from 1/25 of its height to all of it in the first quarter of the training, then falls to
1/100 000. The climb lets large rates be used without diverging, large rates regularise, and the long fall settles in a
minimum. Momentum falls while the rate climbs, and climbs while it falls.

**When to use it.** The best single choice when it is known beforehand how long one trains ("super-convergence").

**Defaults.** fastai's: cosines both ways, ``pct_start=.25``, ``div=25``, ``div_final=1e5``, momentum .95, .85, .95.

**Sources.** Smith 2018, "A disciplined approach to neural network hyper-parameters", section 4; fastai's ``fit_one_cycle``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from .lr_schedule import Length, RateSchedule, cosine


def two_cosines(position: float, pct_start: float, start: float, middle: float, end: float) -> float:
    """From ``start`` to ``middle`` in the first ``pct_start``, then to ``end``; ``position`` from 0 to 1."""
    if position < pct_start:
        return cosine(start, middle, position / pct_start)
    return cosine(middle, end, (min(position, 1.0) - pct_start) / (1 - pct_start))


def one_cycle(step: int, total: int, pct_start: float = 0.25, div: float = 25.0, div_final: float = 1e5) -> float:
    """The factor of a step.

    Args:
        step: From 0.
        total: Steps in all.
        pct_start: Share of them in which the rate climbs.
        div: The highest rate divided by the first.
        div_final: The highest rate divided by the last.

    Returns:
        From ``1 / div`` up to 1, then down towards ``1 / div_final``.
    """
    return two_cosines(step / total, pct_start, 1 / div, 1.0, 1 / div_final)


class OneCycle(RateSchedule):
    """One cycle over the whole training.

    Args:
        pct_start: Share of the training in which the rate climbs.
        div: The highest rate (the optimizer's) divided by the first.
        div_final: The highest rate divided by the last.
        momentum: At the start, at the highest rate, at the end; ``None`` leaves the optimizer's own.
        replace: Put this schedule in place of one that the module configures.
        folder: Where ``schedule.png`` goes.

    Raises:
        MisconfigurationException: See :class:`.RateSchedule`; a number out of its range.
    """

    def __init__(
        self,
        pct_start: float = 0.25,
        div: float = 25.0,
        div_final: float = 1e5,
        momentum: Sequence[float] | None = (0.95, 0.85, 0.95),
        replace: bool = False,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(replace, folder)
        self.pct_start, self.div, self.div_final = pct_start, div, div_final
        self.momentums = None if momentum is None else tuple(momentum)
        if not 0 < pct_start < 1:
            self._fail(f"pct_start={pct_start} must be between 0 and 1: the share of the training in which the rate climbs")
        if div < 1:
            self._fail(f"div={div} must be at least 1: the highest rate divided by the first, which can't be above it")
        if div_final < 1:
            self._fail(f"div_final={div_final} must be at least 1: the highest rate divided by the last, which can't be above it")
        if self.momentums is not None and not (len(self.momentums) == 3 and all(0 < each < 1 for each in self.momentums)):
            self._fail(f"momentum={list(self.momentums)} must be three numbers between 0 and 1: first, at the highest rate, last")

    def factor(self, step: int, length: Length) -> float:
        """See :func:`one_cycle`."""
        return one_cycle(step, length.total or 1, self.pct_start, self.div, self.div_final)

    def momentum(self, step: int, length: Length) -> float | None:
        """Against the rate."""
        if self.momentums is None:
            return None
        return two_cosines(step / (length.total or 1), self.pct_start, *self.momentums)
