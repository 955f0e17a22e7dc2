"""What fine-tuning gains over the head alone, and an early end where it gains nothing.

**What it does.** Keeps the best validation loss of the epochs in which layers below the head were frozen, compares later epochs
with it, stops the training when the first of them (``patience`` of them) are not better, and says at the end what was gained.

**When to use it.** In a fine-tuning that begins with the head alone. On few photos like those that the network was pretrained
with, the head is often all there is to gain: further epochs cost most of the time and may lose.

**Defaults.** Stops after one epoch that is not better.

**Source.** Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution"; early stopping:
Prechelt 1998.
"""

from __future__ import annotations

import logging
import math
from typing import Any, Literal

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from ..figures.metric_direction import mode_of
from ..roles import OutsideTrials

log = logging.getLogger(__name__)


class FineTuningGain(OutsideTrials):
    """Compares epochs in which more layers train with those before, and stops where nothing is gained.

    Args:
        monitor: The logged metric to compare by.
        mode: ``min`` if lower is better, otherwise ``max``. ``None``: by the metric's name, see :func:`.mode_of`.
        patience: Number of epochs after an unfreezing, or after the best one since, that may be no better.

    Raises:
        MisconfigurationException: ``patience`` is below 1, or ``mode`` unknown; the module logs no such metric.

    Attributes:
        facts: For a run's record, from the end of the fit on: ``fine_tuning/monitor``, ``fine_tuning/before`` and
            ``fine_tuning/after``, the best values of both parts; empty unless both were trained.

    Example:
        >>> from practicum.callbacks import FineTuningGain, GradualUnfreezing
        >>> callbacks = [GradualUnfreezing(at=[0.8]), FineTuningGain()]  # in this order
        >>> callbacks[1].patience
        1
    """

    def __init__(self, monitor: str | None = "val/loss", mode: Literal["min", "max"] | None = None, patience: int = 1) -> None:
        super().__init__()
        if patience < 1:
            raise MisconfigurationException(f"FineTuningGain: patience={patience} must be at least 1 (epochs).")
        monitor = monitor or "val/loss"
        mode = mode_of(monitor) if mode is None else mode
        if mode not in ("min", "max"):
            raise MisconfigurationException(f"FineTuningGain: mode={mode} must be min or max.")
        self.monitor, self.mode, self.patience = monitor, mode, patience
        # Kept apart: a test reads the best epoch's checkpoint, and with it the values up to there.
        self.facts: dict[str, Any] = {}
        self._start()

    def _start(self) -> None:
        self._before: float | None = None
        self._after: float | None = None
        self._without_gain = 0
        self._fewest: int | None = None  # parameters that train in the first epoch: of the head
        self._validated = False  # in this epoch: with check_val_every_n_epoch=2 every other value is an old one

    def state_dict(self) -> dict[str, Any]:
        """Return the values so far."""
        return {
            "before": self._before,
            "after": self._after,
            "without_gain": self._without_gain,
            "fewest": self._fewest,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue with the values of an interrupted training."""
        self._before, self._after = state_dict["before"], state_dict["after"]
        self._without_gain, self._fewest = state_dict["without_gain"], state_dict["fewest"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget another fit with the same object."""
        if trainer.global_step == 0:
            self._start()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note that there is a new value."""
        self._validated = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare, if there was a validation, and stop the training if nothing is gained."""
        if trainer.fast_dev_run or not self._validated:  # type: ignore[attr-defined]
            return
        self._validated = False
        if self.monitor not in trainer.callback_metrics:
            known = ", ".join(sorted(trainer.callback_metrics)) or "nothing"
            raise MisconfigurationException(f"FineTuningGain: monitor={self.monitor} is not logged; logged are {known}.")
        value = float(trainer.callback_metrics[self.monitor])
        training = sum(parameter.numel() for parameter in pl_module.parameters() if parameter.requires_grad)
        self._fewest = training if self._fewest is None else min(self._fewest, training)
        if training == self._fewest:
            self._before = value if self._before is None or self._better(value, self._before) else self._before
            return
        best = self._best()
        gained = best is None or self._better(value, best)
        self._without_gain = 0 if gained else self._without_gain + 1
        self._after = value if self._after is None or self._better(value, self._after) else self._after
        if self._without_gain >= self.patience:
            trainer.should_stop = True

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep and say what was gained."""
        before, after = self._before, self._after
        self.facts = {}
        if before is None or after is None:
            return
        self.facts = {"fine_tuning/monitor": self.monitor, "fine_tuning/before": before, "fine_tuning/after": after}
        if not trainer.is_global_zero:
            return
        if self._better(after, before):
            log.info(f"Fine-tuning: {self.monitor} {before:.4f} -> {after:.4f}.")
        else:
            log.info(f"Fine-tuning gained nothing: {self.monitor} {before:.4f} of the head alone, {after:.4f} after it.")

    def _best(self) -> float | None:
        known = [value for value in (self._before, self._after) if value is not None]
        return (min if self.mode == "min" else max)(known) if known else None

    def _better(self, value: float, than: float) -> bool:
        return math.isfinite(value) and (value < than if self.mode == "min" else value > than)
