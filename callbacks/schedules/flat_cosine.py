"""Flat, then a cosine: the full rate for most of the training, and a smooth fall at its end.

**What it does.** Keeps the optimizer's rate for three quarters of the steps, then takes it along half a cosine to next to
nothing.

**When to use it.** Where early steps are safe at the full rate: a pretrained network, or an optimizer that warms up by itself.
How long one trains can still be changed while the rate is flat.

**Defaults.** fastai's ``fit_flat_cos``: flat for .75, then to 1/100 000.

**Source.** fastai's ``fit_flat_cos``; the final fall: Loshchilov & Hutter 2017.
"""

from __future__ import annotations

import os

from .lr_schedule import Length, RateSchedule, cosine


def flat_cosine(step: int, total: int, pct_start: float = 0.75, div_final: float = 1e5) -> float:
    """The factor of a step.

    Args:
        step: From 0.
        total: Steps in all.
        pct_start: Share of them before the fall begins.
        div_final: The rate divided by the last one.

    Returns:
        1, then down towards ``1 / div_final``.
    """
    fallen = min(1.0, max(0.0, step / total - pct_start) / (1 - pct_start))
    return cosine(1.0, 1 / div_final, fallen)


class FlatCosine(RateSchedule):
    """The full rate, and a cosine at the end of the training.

    Args:
        pct_start: Share of the training before the fall begins.
        div_final: The rate divided by the last one.
        replace: Put this schedule in place of one that the module configures.
        folder: Where ``schedule.png`` goes.

    Raises:
        MisconfigurationException: See :class:`.RateSchedule`; a number out of its range.
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
            self._fail(f"pct_start={pct_start} must be from 0 to below 1: the share of the training before the fall begins")
        if div_final < 1:
            self._fail(f"div_final={div_final} must be at least 1: the rate divided by the last one, which can't be above it")

    def factor(self, step: int, length: Length) -> float:
        """See :func:`flat_cosine`."""
        return flat_cosine(step, length.total or 1, self.pct_start, self.div_final)
