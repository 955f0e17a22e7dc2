"""Early stopping that counts patience in steps, too: an epoch of few examples is hardly a step.

**What it does.** Lightning's ``EarlyStopping``, whose patience in validations is raised until it is ``least_steps`` long. Sixteen
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
from ..figures.metric_direction import mode_of

log = logging.getLogger(__name__)


class Patience(EarlyStopping):
    """Stops a training whose monitored value has not improved for so many validations, and so many steps, and says so.

    Args:
        monitor: What is watched.
        patience: Validations (by default one an epoch) without a better value.
        least_steps: Steps without a better value, at least; 0: validations alone count.
        mode: ``min`` or ``max``: what is better. ``None``: by the name of what is watched, see :func:`.mode_of`.
        options: Further ones of Lightning's ``EarlyStopping``.

    Raises:
        MisconfigurationException: ``least_steps`` is below 0.

    Example:
        >>> from practicum.callbacks import Patience
        >>> Patience("val/loss", patience=16).least_steps
        160
    """

    def __init__(
        self, monitor: str = "val/loss", patience: int = 16, least_steps: int = 160, mode: str | None = None, **options: Any
    ) -> None:
        super().__init__(monitor=monitor, patience=patience, mode=mode or mode_of(monitor), **options)
        if least_steps < 0:
            raise MisconfigurationException(f"Patience: least_steps={least_steps} must be at least 0.")
        self.least_steps, self._least_validations = least_steps, patience
        self._unit = "epochs"

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise the patience where validations are few steps apart; of a stream without a length it stays as it is."""
        super().on_train_start(trainer, pl_module)
        batches = batches_between_validations(trainer)
        if batches is not None:
            least = math.ceil(self.least_steps * trainer.accumulate_grad_batches / batches)
            self.patience = max(self._least_validations, least)  # not what an earlier fit has raised
        self._unit = "epochs" if batches == trainer.num_training_batches else "validations"

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Say that the training was stopped."""
        if self.stopped_epoch and trainer.is_global_zero:
            best = four_digits(float(self.best_score))
            log.info(
                f"Stopped after epoch {self.stopped_epoch + 1}: {self.monitor} not better than {best} for {self.patience} "
                f"{self._unit}."
            )


def batches_between_validations(trainer: Trainer) -> float | None:
    """Return how many training batches lie between two validations; ``None`` where that is not known: by the clock, of a stream.

    Args:
        trainer: Of a fit that has begun to train.
    """
    batches, interval = trainer.num_training_batches, trainer.val_check_batch
    if interval is None or not interval < math.inf:
        return None
    if interval < batches or trainer.check_val_every_n_epoch is None:
        return float(interval)
    return float(batches * trainer.check_val_every_n_epoch)
