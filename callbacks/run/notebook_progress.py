"""A plain bar and a table of epochs in a notebook: what rich draws for terminals is unreadable there, or not drawn at all.

**What it shows.** A row an epoch with the losses, the metrics and the time; below it the bar of the epoch that is trained. When
training ends only the table is left, which is what a saved notebook keeps.

**Source.** fastai's fastprogress has this form.
"""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from practicum.lightning_shim import LightningModule, ProgressBar, Trainer

from ..figures.four_digits import four_digits
from ..roles import Watcher

_COLUMNS = 7  # metrics, at most
_SECONDS = 0.25  # between two updates

Row = Mapping[str, float | str]


def in_notebook() -> bool:
    """Whether this is a notebook's kernel: told as tqdm tells it, and without importing IPython."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and "IPKernelApp" in shell.config


def epoch_metrics(logged: Mapping[str, Any]) -> dict[str, float]:
    """Values of an epoch, the training's first, then losses; those of single steps are left out.

    Args:
        logged: The trainer's ``callback_metrics``.

    Example:
        >>> from practicum.callbacks.run.notebook_progress import epoch_metrics
        >>> epoch_metrics({"val/accuracy": 0.9, "train/loss_step": 3.0, "train/loss_epoch": 0.5, "val/loss": 0.6})
        {'train/loss': 0.5, 'val/loss': 0.6, 'val/accuracy': 0.9}
    """
    values = {name.removesuffix("_epoch"): float(value) for name, value in logged.items() if not name.endswith("_step")}
    order = sorted(values, key=lambda name: (not name.startswith("train"), not name.endswith("loss")))
    return {name: values[name] for name in order[:_COLUMNS]}


def epoch_table(rows: Sequence[Row], bar: tuple[str, int, int] | None = None) -> str:
    """The table of epochs as HTML, and a bar below it.

    Args:
        rows: One for each epoch; values by column.
        bar: What it says, batches done, and all batches (0: unknown); ``None``: no bar.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{_shown(row.get(name))}</td>" for name in columns) + "</tr>" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if rows else ""
    if bar is None:
        return table
    text, done, total = bar
    share = f' value="{done}" max="{total}"' if total else ""
    return f"{table}<progress{share}></progress> {html.escape(text)}, {done}/{total or '?'} batches"


def _shown(value: float | str | None) -> str:
    return "" if value is None else html.escape(value) if isinstance(value, str) else four_digits(value)


class NotebookProgress(Watcher, ProgressBar):
    """Shows how a fit proceeds, in the output of a notebook's cell; elsewhere nothing. Validation, tests and predictions have no
    bar of their own.

    Example:
        >>> from practicum.callbacks import NotebookProgress
        >>> callback = NotebookProgress()  # Trainer(callbacks=[callback])
    """

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self._enabled = in_notebook()
        self._display: Any = None
        self._shown = self._started = 0.0

    def disable(self) -> None:
        """Show nothing; Lightning calls it in all processes but the first."""
        self._enabled = False

    def enable(self) -> None:
        """Show it again."""
        self._enabled = in_notebook()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin a new table."""
        super().on_train_start(trainer, pl_module)
        self.rows, self._display, self._started = [], None, time.monotonic()
        self._show(trainer, 0)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Move the bar, a few times a second."""
        if time.monotonic() - self._shown > _SECONDS:
            self._show(trainer, batch_idx + 1)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the row; validation has run by now."""
        seconds = f"{time.monotonic() - self._started:.1f} s"
        self.rows.append({"epoch": f"{trainer.current_epoch + 1}", **epoch_metrics(trainer.callback_metrics), "time": seconds})

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the table."""
        self._update(epoch_table(self.rows))

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Leave the table of what has been trained."""
        if trainer.state.fn == "fit":
            self._update(epoch_table(self.rows))

    def _show(self, trainer: Trainer, done: int) -> None:
        epochs = f"/{trainer.max_epochs}" if (trainer.max_epochs or -1) > 0 else ""
        total = self.total_train_batches
        text = f"epoch {trainer.current_epoch + 1}{epochs}"
        self._update(epoch_table(self.rows, (text, done, int(total) if total != float("inf") else 0)))

    def _update(self, content: str) -> None:
        self._shown = time.monotonic()
        if not self._enabled:
            return
        from IPython.display import HTML, display  # noqa: PLC0415 - only in notebooks, where it is

        if self._display is None:
            self._display = display(HTML(content), display_id=True)
        else:
            self._display.update(HTML(content))
