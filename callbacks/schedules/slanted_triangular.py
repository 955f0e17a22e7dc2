"""Slanted triangular learning rates: a short, steep rise and a long, linear fall.

**What it does.** The rate rises to its peak in the first tenth of the training and falls linearly for the rest: the weights reach
a good region quickly and then have time to settle in it.

**When to use it.** For fine-tuning a language model, or a classifier on top of one, as ULMFiT does.

**Defaults.** ``cut_frac=0.1`` and ``ratio=32``, as in the paper.

**Source.** Howard & Ruder 2018 (ULMFiT), section 3.2, equation 3.
"""

from __future__ import annotations

import os

from .lr_schedule import LRSchedule, TrainingLength


def slanted_triangular(step: int, total: int, cut_frac: float = 0.1, ratio: float = 32.0) -> float:
    """Return the multiplier of a step.

    Args:
        step: From 0.
        total: Steps in total.
        cut_frac: Share of the steps in which the rate rises; at least one step.
        ratio: The peak rate divided by the lowest.

    Returns:
        From ``1 / ratio`` up to 1 and back.
    """
    cut = max(1, int(total * cut_frac))
    share = step / cut if step < cut else max(0.0, 1 - (step - cut) / max(1, total - cut))
    return (1 + share * (ratio - 1)) / ratio


class SlantedTriangular(LRSchedule):
    """ULMFiT's schedule over the whole training.

    Args:
        cut_frac: Share of the training in which the rate rises.
        ratio: The peak rate (the optimizer's) divided by the lowest.
        replace: Replace a schedule that the module configures; see :class:`.LRSchedule`.
        folder: Folder of ``schedule.png``; see :class:`.LRSchedule`.

    Raises:
        MisconfigurationException: See :class:`.LRSchedule`; a number is out of range.

    Example:
        >>> from practicum.callbacks import SlantedTriangular
        >>> schedule = SlantedTriangular(cut_frac=0.25, ratio=10)
        >>> [round(lr, 3) for lr in schedule.simulate(steps=8, lr=0.1)]
        [0.01, 0.055, 0.1, 0.085, 0.07, 0.055, 0.04, 0.025]
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
            self._fail(f"cut_frac={cut_frac} must be between 0 and 1 (share of the training in which the rate rises)")
        if ratio < 1:
            self._fail(f"ratio={ratio} must be at least 1 (peak rate divided by the lowest)")

    def multiplier(self, step: int, length: TrainingLength) -> float:
        """Return :func:`slanted_triangular`'s multiplier."""
        return slanted_triangular(step, length.total or 1, self.cut_frac, self.ratio)
