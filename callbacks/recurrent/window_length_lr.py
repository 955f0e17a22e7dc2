"""Learning rate by window length: a step on a shorter window gets a proportionally smaller rate.

**What it does.** Multiplies the rate of each step by the length of its window divided by the usual length.

**When to use it.** With windows of variable length in truncated back-propagation through time: their loss is a mean over tokens,
so that without it short windows would weigh more per token than long ones.

**Source.** Merity et al. 2018, "Regularizing and optimizing LSTM language models", section 4.1.
"""

from __future__ import annotations

from statistics import fmean
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch.optim import Optimizer

from ..roles import Reverts
from ..trainer_internals.batches import first_tensor, inputs_of


class WindowLengthLR(Reverts):
    """Scales each optimizer step's rate by the length of its window, and restores the rate after the step.

    Works with any LightningModule, optimizer and scheduler.

    Args:
        usual_length: Window length at which the rate is the optimizer's.
        time_dim: Dimension of time in the batch's first tensor.

    Raises:
        MisconfigurationException: ``usual_length`` is below 1.

    Example:
        >>> from practicum.callbacks import TruncatedBPTT, WindowLengthLR
        >>> callbacks = [TruncatedBPTT(), WindowLengthLR(usual_length=70)]
        >>> import torch
        >>> callbacks[1].factor((torch.zeros(8, 35), torch.zeros(8, 35)))  # windows of 35 tokens
        0.5
    """

    def __init__(self, usual_length: int, time_dim: int = 1) -> None:
        super().__init__()
        if usual_length < 1:
            raise MisconfigurationException(f"WindowLengthLR: usual_length={usual_length} must be at least 1.")
        self.usual_length, self.time_dim = usual_length, time_dim
        self._factors: list[float] = []  # of the batches that make the next step
        self._stepped = False

    def factor(self, batch: Any) -> float:
        """Return what multiplies the rate of a step on this batch."""
        return first_tensor(inputs_of(batch)).shape[self.time_dim] / self.usual_length

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Hook into the optimizers' steps."""
        for optimizer in trainer.optimizers:
            self.reverts.callback(optimizer.register_step_pre_hook(self._scale).remove)
            self.reverts.callback(optimizer.register_step_post_hook(self._restore).remove)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Take the window's length; of several accumulated ones the step gets the mean."""
        if self._stepped:
            self._factors, self._stepped = [], False
        self._factors.append(self.factor(batch))

    def _scale(self, optimizer: Optimizer, *args: Any) -> None:
        self._stepped = True
        factor = fmean(self._factors) if self._factors else 1.0
        for group in optimizer.param_groups:
            group["unscaled_lr"] = group["lr"]
            group["lr"] = group["lr"] * factor

    @staticmethod
    def _restore(optimizer: Optimizer, *args: Any) -> None:
        for group in optimizer.param_groups:
            group["lr"] = group.pop("unscaled_lr")
