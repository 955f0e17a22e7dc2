"""Exponential moving average of the weights: what is kept is a smooth mean of the last steps.

**What it does.** Beside the weights that are trained lies a second set, which after each step moves a little towards them; it is
validated, kept and tested. What single steps of small batches at a constant rate do at random is averaged away.

**When to use it.** With small batches and ``schedule=none``, where a rate that falls at the end fits the training data too
closely. Not with one cycle, which ends still anyway.

**Defaults.** ``decay=.999``: the mean of about a thousand steps; at first, so that what was drawn at random is soon forgotten,
``(1 + n) / (10 + n)`` after n steps. Batch norm's statistics are averaged along; whole numbers are
copied.

**Source.** Polyak and Juditsky 1992; Tarvainen and Valpola 2017, "Mean teachers"; the averaging is torch's.
"""

from __future__ import annotations

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from .weight_averaging import WeightAveragingBase


class EMA(WeightAveragingBase):
    """Keeps an exponential moving average of any LightningModule's weights.

    Args:
        decay: Share of the average that stays at each step.

    Raises:
        MisconfigurationException: ``decay`` not within 0 and 1.
    """

    def __init__(self, decay: float = 0.999) -> None:
        if not 0 <= decay < 1:
            raise MisconfigurationException(f"EMA: decay={decay} must be at least 0 and below 1.")
        self.decay = decay
        super().__init__(multi_avg_fn=self._move)

    @torch.no_grad()
    def _move(self, averages: list[Tensor], weights: list[Tensor], steps: Tensor) -> None:
        """Move averages, all of one kind of number, towards weights."""
        if averages[0].is_floating_point():
            decay = min(self.decay, (1 + int(steps)) / (10 + int(steps)))
            torch._foreach_lerp_(averages, weights, 1 - decay)
        else:  # positions, counts: a mean of whole numbers, cut to one, may be another
            torch._foreach_copy_(averages, weights)
