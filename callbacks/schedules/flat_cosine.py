"""Flat, then a cosine: the full rate for most of the training and a smooth fall at its end.

**What it does.** Keeps the optimizer's rate for three quarters of the steps, then lowers it along half a cosine to nearly zero.

**When to use it.** Where early steps are safe at the full rate: a pretrained network, or an optimizer that warms up by itself.
The length of the training can still be changed while the rate is flat.

**Defaults.** fastai's ``fit_flat_cos``: flat for 0.75 of the steps, then down to 1/100 000.

**Source.** fastai's ``fit_flat_cos``; the final fall: Loshchilov & Hutter 2017.
"""

from __future__ import annotations

import os

from .annealing import cosine_anneal
from .lr_schedule import LRSchedule, TrainingLength


def flat_cosine(step: int, total: int, pct_start: float = 0.75, div_final: float = 1e5) -> float:
    """Return the multiplier of a step.

    Args:
        step: From 0.
        total: Steps in total.
        pct_start: Share of the steps before the fall.
        div_final: The rate divided by the last one.

    Returns:
        1, then down towards ``1 / div_final``.
    """
    fallen = min(1.0, max(0.0, step / total - pct_start) / (1 - pct_start))
    return cosine_anneal(1.0, 1 / div_final, fallen)


class FlatCosine(LRSchedule):
    """The full rate, and a cosine fall at the end of the training.

    Args:
        pct_start: Share of the training before the fall.
        div_final: The rate divided by the last one.
        replace: Replace a schedule that the module configures; see :class:`.LRSchedule`.
        folder: Folder of ``schedule.png``; see :class:`.LRSchedule`.

    Raises:
        MisconfigurationException: See :class:`.LRSchedule`; a number is out of range.

    Example:
        >>> from practicum.callbacks import FlatCosine
        >>> schedule = FlatCosine(pct_start=0.5, div_final=1e5)
        >>> [round(lr, 3) for lr in schedule.simulate(steps=8, lr=0.1)]
        [0.1, 0.1, 0.1, 0.1, 0.1, 0.085, 0.05, 0.015]
    """

    def __init__(
        self,
        pct_start: float = 0.75,
        div_final: float = 1e5,
        replace: bool = False,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(replace, folder)
        self.pct_start, self.div_final = pct_start, div_final
        if not 0 <= pct_start < 1:
            self._fail(f"pct_start={pct_start} must be at least 0 and below 1 (share of the training before the fall)")
        if div_final < 1:
            self._fail(f"div_final={div_final} must be at least 1 (rate divided by the last one)")

    def multiplier(self, step: int, length: TrainingLength) -> float:
        """Return :func:`flat_cosine`'s multiplier."""
        return flat_cosine(step, length.total or 1, self.pct_start, self.div_final)
