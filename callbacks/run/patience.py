"""Early stopping that counts patience in steps, too: an epoch of few examples is hardly a step.

**What it does.** Lightning's ``EarlyStopping``, whose patience in epochs is raised until it is ``least_steps`` long. Sixteen
epochs of a table of 100 rows are 64 steps, in which the rate has hardly risen.

**When to use it.** Where a recipe is for data of any size, as in ``experiment=table``.

**Defaults.** 160 steps: sixteen epochs of ten batches, below which patience was too short (docs/defaults.md).
"""

from __future__ import annotations

import logging
import math
from typing import Any

from practicum.lightning_shim import EarlyStopping, LightningModule, MisconfigurationException, Trainer

from ..figures.four_digits import four_digits

log = logging.getLogger(__name__)


class Patience(EarlyStopping):
    """Stops a training whose monitored value has not improved for so many epochs, and so many steps, and says so.

    Args:
        monitor: What is watched.
        patience: Epochs (validations) without a better value.
        least_steps: Steps without a better value, at least; 0: epochs alone count.
        mode: ``min`` or ``max``: what is better.
        options: Further ones of Lightning's ``EarlyStopping``.

    Raises:
        MisconfigurationException: ``least_steps`` is below 0.

    Example:
        >>> from practicum.callbacks import Patience
        >>> Patience("val/loss", patience=16).least_steps
        160
    """

    def __init__(
        self, monitor: str = "val/loss", patience: int = 16, least_steps: int = 160, mode: str = "min", **options: Any
    ) -> None:
        super().__init__(monitor=monitor, patience=patience, mode=mode, **options)
        if least_steps < 0:
            raise MisconfigurationException(f"Patience: least_steps={least_steps} must be at least 0.")
        self.least_steps = least_steps

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise the patience where epochs are short; of a stream without a length it stays as it is."""
        super().on_train_start(trainer, pl_module)
        batches = trainer.num_training_batches / trainer.accumulate_grad_batches
        if 0 < batches < math.inf:
            self.patience = max(self.patience, math.ceil(self.least_steps / batches))

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say that the training was stopped."""
        if self.stopped_epoch and trainer.is_global_zero:
            best = four_digits(float(self.best_score))
            log.info(
                f"Stopped after epoch {self.stopped_epoch + 1}: {self.monitor} not better than {best} for {self.patience} epochs."
            )
