"""One line an epoch: its time, losses, main metric and learning rate, in the log and at once.

**When to use it.** Always. A job in a queue, in CI or under ``nohup`` has no terminal that a progress bar could be drawn on, and
its log is all that one sees of it; on a terminal the lines stay above the bar, which each epoch begins anew.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from practicum.lightning_shim import LightningModule, Trainer
from torch.optim import Optimizer

from ..figures.epoch_values import of_this_epoch
from ..roles import Watcher
from .shown_metrics import short, shown_metrics

log = logging.getLogger(__name__)


def epoch_line(epoch: int, epochs: int | None, seconds: float, metrics: dict[str, float], lr: float | None) -> str:
    """Write the line.

    Args:
        epoch: Its number, from 1.
        epochs: How many are planned; ``None`` where that is not known.
        seconds: That it took, with its validation.
        metrics: Values by name.
        lr: Learning rate of its last step; ``None`` where there was none.

    Example:
        >>> from practicum.callbacks.run.epoch_lines import epoch_line
        >>> epoch_line(2, 10, 61.23, {"train/loss": 0.51234, "val/loss": 0.6}, 0.001)
        'Epoch 2/10: 61 s, train/loss 0.5123, val/loss 0.6000, lr 0.001'
    """
    number = f"Epoch {epoch}/{epochs}" if epochs else f"Epoch {epoch}"
    values = [f"{name} {short(value)}" for name, value in metrics.items()]
    took = f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{number}: {', '.join([took, *values, *([] if lr is None else [f'lr {lr:.3g}'])])}"


class EpochLines(Watcher):
    """Logs a line after each epoch, at level INFO; Lightning's ``rank_zero`` process only.

    Args:
        metric: The main metric, such as ``rmspe``; ``None``: see :func:`.shown_metrics`.
        title: What is trained, in front of each line; nothing where it is empty.
        epochs: Of how many epochs it is one; ``None``: the trainer's ``max_epochs``.

    Example:
        >>> from practicum.callbacks import EpochLines
        >>> callback = EpochLines("auroc")  # Trainer(callbacks=[callback]) logs val/auroc beside the losses
    """

    def __init__(self, metric: str | None = None, title: str = "", epochs: int | None = None) -> None:
        super().__init__()
        self.metric, self.title, self.epochs = metric, title, epochs
        self._started = time.monotonic()
        self._lr: float | None = None
        self._validated = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note that there are new values."""
        self._validated = not trainer.sanity_checking

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock, for an epoch too that is resumed in its middle."""
        self._started = time.monotonic()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Note the rate of the step; of several groups that of the fastest, which is the head."""
        self._lr = max(float(group["lr"]) for group in optimizer.param_groups)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the line; validation has run by now."""
        validated, self._validated = self._validated, False
        if not trainer.is_global_zero:
            return
        metrics: dict[str, Any] = shown_metrics(of_this_epoch(trainer.callback_metrics, validated), self.metric)
        epochs = self.epochs or (trainer.max_epochs if trainer.max_epochs and trainer.max_epochs > 0 else None)
        line = epoch_line(trainer.current_epoch + 1, epochs, time.monotonic() - self._started, metrics, self._lr)
        log.info(f"{self.title}: {line}" if self.title else line)
