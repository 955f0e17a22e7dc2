"""Exponential moving average of the weights: the model that is kept is a smooth mean of the latest steps.

**What it does.** Keeps a second set of weights, which moves a little towards the trained ones after each step; it is validated,
saved and tested. The noise of single steps on small batches at a constant rate averages out.

**When to use it.** With small batches and no learning-rate schedule, where a rate that falls at the end overfits. Not
with one cycle, which ends at a rate near zero anyway.

**Defaults.** ``decay=0.999``: a mean over about a thousand steps; it starts at ``(1 + n) / (10 + n)`` after n steps, so that the
random initial weights are soon forgotten. BatchNorm statistics are averaged too; integers are copied.

**Source.** Polyak and Juditsky 1992; Tarvainen and Valpola 2017, "Mean teachers"; the averaging is torch's.
"""

from __future__ import annotations

from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from .weight_averaging import Tensors, WeightAveragingBase


class EMA(WeightAveragingBase):
    """Keeps an exponential moving average of any LightningModule's weights.

    Args:
        decay: Share of the average that remains at each step.

    Raises:
        MisconfigurationException: ``decay`` is below 0, or 1 or more.

    Example:
        >>> from practicum.callbacks import EMA
        >>> callback = EMA(decay=0.99)  # one of the trainer's callbacks
        >>> callback.averages  # not before the first step
        False
    """

    def __init__(self, decay: float = 0.999) -> None:
        if not 0 <= decay < 1:
            raise MisconfigurationException(f"EMA: decay={decay} must be at least 0 and below 1.")
        self.decay = decay
        super().__init__(self._towards)

    def _towards(self, averages: Tensors, weights: Tensors, steps: Tensor | int) -> None:
        decay = min(self.decay, (1 + int(steps)) / (10 + int(steps)))
        get_ema_multi_avg_fn(decay)(averages, weights, steps)
