"""The 1cycle policy: one rise of the rate and one long fall, and the opposite for momentum.

**What it does.** The rate rises from 1/25 of its peak to the peak in the first quarter of the training, then falls to 1/100 000
of it. The rise allows large rates without divergence, large rates regularise, and the long fall settles in a minimum. Momentum
falls while the rate rises, and rises while it falls.

**When to use it.** The best default when the length of the training is known beforehand ("super-convergence").

**Defaults.** fastai's: cosines both ways, ``pct_start=.25``, ``div=25``, ``div_final=1e5``, momentum .95, .85, .95.

**Sources.** Smith 2018, "A disciplined approach to neural network hyper-parameters", section 4; fastai's ``fit_one_cycle``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from .annealing import two_phase_cosine
from .lr_schedule import LRSchedule, TrainingLength


def one_cycle(step: int, total: int, pct_start: float = 0.25, div: float = 25.0, div_final: float = 1e5) -> float:
    """Return the multiplier of a step.

    Args:
        step: From 0.
        total: Steps in total.
        pct_start: Share of the steps in which the rate rises.
        div: The peak rate divided by the first.
        div_final: The peak rate divided by the last.

    Returns:
        From ``1 / div`` up to 1, then down towards ``1 / div_final``.
    """
    return two_phase_cosine(step / total, pct_start, 1 / div, 1.0, 1 / div_final)


class OneCycle(LRSchedule):
    """One cycle over the whole training.

    Args:
        pct_start: Share of the training in which the rate rises.
        div: The peak rate (the optimizer's) divided by the first.
        div_final: The peak rate divided by the last.
        momentum: At the start, at the peak rate, at the end; ``None`` leaves the optimizer's own.
        replace: Replace a schedule that the module configures; see :class:`.LRSchedule`.
        folder: Folder of ``schedule.png``; see :class:`.LRSchedule`.

    Raises:
        MisconfigurationException: See :class:`.LRSchedule`; a number is out of range.

    Example:
        >>> from practicum.callbacks import OneCycle
        >>> schedule = OneCycle(pct_start=0.25, div=10, div_final=100)
        >>> [round(lr, 4) for lr in schedule.simulate(steps=8, lr=0.1)]
        [0.01, 0.055, 0.1, 0.0934, 0.0753, 0.0505, 0.0258, 0.0076]
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
            self._fail(f"pct_start={pct_start} must be between 0 and 1 (share of the training in which the rate rises)")
        if div < 1:
            self._fail(f"div={div} must be at least 1 (peak rate divided by the first)")
        if div_final < 1:
            self._fail(f"div_final={div_final} must be at least 1 (peak rate divided by the last)")
        if self.momentums is not None and not (len(self.momentums) == 3 and all(0 < each < 1 for each in self.momentums)):
            self._fail(f"momentum={list(self.momentums)} must be three numbers between 0 and 1 (first, at the peak rate, last)")

    def multiplier(self, step: int, length: TrainingLength) -> float:
        """Return :func:`one_cycle`'s multiplier."""
        return one_cycle(step, length.total or 1, self.pct_start, self.div, self.div_final)

    def momentum(self, step: int, length: TrainingLength) -> float | None:
        """Return the momentum, which moves opposite to the rate."""
        if self.momentums is None:
            return None
        return two_phase_cosine(step / (length.total or 1), self.pct_start, *self.momentums)
