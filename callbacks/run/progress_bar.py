"""A progress bar that fits a terminal of 80 columns: one bar at a time, at most three metrics, nothing where nobody looks.

**What it does.** Lightning's ``RichProgressBar``, by its public ways (``configure_columns``, ``get_metrics``, ``disable``), with
four columns, the values of :func:`.shown_metrics`, epochs counted from 1 as in :class:`.EpochLines`, and the bar of a validation
in the place of the training's.

**When to use it.** On a terminal. Where standard output is none, or is a CI system's, it draws nothing: rich tells
(``TERM=dumb``, ``TTY_INTERACTIVE=0`` and ``=1`` are honoured), and the environment variable ``CI``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from practicum.lightning_shim import LightningModule, RichProgressBar, Trainer
from rich import get_console
from rich.console import Console
from rich.progress import Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from .shown_metrics import short, shown_metrics

_BAR = (5, 40)  # columns, at least and at most
_METRICS = 46  # columns of three metrics, where there are as many
_EPOCH = re.compile(r"Epoch (\d+)(?:/(-?\d+))?")  # Lightning's description: Epoch 0/9, or Epoch 0/-2 without an end


def is_watched(console: Console, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a bar is of use: on a terminal that can redraw a line, and that is not a CI system's.

    Args:
        console: Of rich.
        environment: Of the process.
    """
    return console.is_interactive and environment.get("CI", "").lower() in ("", "0", "false")


def fitting(metrics: Mapping[str, float], columns: int) -> dict[str, str]:
    """Leave out the last metrics until the others fit.

    Args:
        metrics: Values by name, ``train/loss``.
        columns: How many there are for them.

    Returns:
        What is shown by short name: ``loss`` for ``train/loss``, ``accuracy`` for ``val/accuracy``.

    Example:
        >>> from practicum.callbacks.run.progress_bar import fitting
        >>> fitting({"train/loss": 0.51234, "val/loss": 0.6, "val/accuracy": 0.9}, 40)
        {'loss': '0.5123', 'val/loss': '0.6000'}
    """
    texts: dict[str, str] = {}
    for name, value in metrics.items():
        stage, _, rest = name.partition("/")
        label = name if stage != "train" and rest == "loss" else rest or name
        texts[label] = short(value)
        if len(" ".join(f"{key}: {text}" for key, text in texts.items())) > columns:
            del texts[label]
            break
    return texts


def from_one(description: str) -> str:
    """Count epochs from 1 in a description of Lightning's.

    Example:
        >>> from practicum.callbacks.run.progress_bar import from_one
        >>> from_one("Epoch 0/9"), from_one("Epoch 3/-2"), from_one("Validation")
        ('Epoch 1/10', 'Epoch 4', 'Validation')
    """
    found = _EPOCH.match(description)
    if found is None:
        return description
    epochs = int(found[2] or -1) + 1
    return f"Epoch {int(found[1]) + 1}{f'/{epochs}' if epochs > 0 else ''}"


class _What(TextColumn):
    """What is in progress: an epoch, counted from 1, a validation or a test."""

    def render(self, task: Task) -> Text:
        return Text(from_one(task.description.rstrip()))


class CompactProgressBar(RichProgressBar):
    """Draws the bar.

    Args:
        metric: The main metric, such as ``rmspe``; ``None``: see :func:`.shown_metrics`.
        refresh_rate: Redraws a second.
        console_kwargs: Of rich's ``Console``: ``{"stderr": True}`` draws on standard error.

    Example:
        >>> from practicum.callbacks import CompactProgressBar
        >>> callback = CompactProgressBar("auroc")  # Trainer(callbacks=[callback])
    """

    def __init__(self, metric: str | None = None, refresh_rate: int = 10, console_kwargs: dict[str, Any] | None = None) -> None:
        super().__init__(refresh_rate=refresh_rate, console_kwargs=console_kwargs)
        self.metric, self._watched = metric, is_watched(Console(**(console_kwargs or {})))

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Draw nothing where nobody looks, and in other processes than the first."""
        super().setup(trainer, pl_module, stage)
        if not self._watched:
            self.disable()

    def configure_columns(self, trainer: Trainer) -> list[Any]:
        """Return what is trained, bar, batches and the time that is left; Lightning appends the metrics."""
        _, bar, batches, *_ = super().configure_columns(trainer)
        least, most = _BAR
        bar.bar_width = min(most, max(least, self._columns_left(trainer) - _METRICS))
        return [_What("{task.description}"), bar, batches, TimeRemainingColumn()]

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        """Return those that are shown, as text."""
        logged = super().get_metrics(trainer, pl_module)
        numbers = {name: value for name, value in logged.items() if isinstance(value, int | float) and name != "v_num"}
        return dict(fitting(shown_metrics(numbers, self.metric, of="step"), self._columns_left(trainer) - _BAR[0]))

    def _columns_left(self, trainer: Trainer) -> int:
        """Columns for the bar and the metrics."""
        what, batches = from_one(f"Epoch {trainer.current_epoch}/{(trainer.max_epochs or 0) - 1}"), self.total_train_batches
        return get_console().width - len(f"{what} {batches}/{batches} 0:00:00 ") - 1

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make room for the validation's bar."""
        super().on_validation_start(trainer, pl_module)
        self._show_training(False)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show the training's again."""
        super().on_validation_end(trainer, pl_module)
        self._show_training(True)

    def _show_training(self, visible: bool) -> None:
        if self.progress is not None and self.train_progress_bar_id is not None:
            self.progress.update(self.train_progress_bar_id, visible=visible)
