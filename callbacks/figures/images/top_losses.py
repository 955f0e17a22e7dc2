"""Top losses: the photos the model is most wrong about, with what it said and what they are.

**What it shows.** Mislabelled photos, odd views, and what the model has not understood: usually the most useful picture of a
run. ``figures/top_losses.png``.

**Source.** fast.ai's ``plot_top_losses``.
"""

from __future__ import annotations

import heapq
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from practicum.lightning_shim import Callback, LightningModule, Trainer
from torch import Tensor

from ...module_outputs.test_outputs import classification_outputs, losses_by_row
from ..canvas import new_figure, save_figure
from .example_batch import draw_photo, label_of


@dataclass(order=True)
class Wrong:
    """A row of a test that the module was wrong about."""

    loss: float
    row: int
    x: Tensor = field(compare=False)
    said: str = field(compare=False)
    true: str = field(compare=False)


class TopLosses(Callback):
    """Draws the photos of a test that have the highest loss; holds only those in memory.

    Needs batches ``(x, y)`` with ``x`` of shape ``[B, 3, H, W]`` (others are passed over) and ``test_step`` to return a
    dictionary with ``logits`` and ``target``. Class names are taken from the module's ``classes``, names of photos from the data
    module's ``row_names(tests_on)``, where they have them. Under several processes it shows those of the first.

    Args:
        folder: Where ``top_losses.png`` goes.
        count: Photos, at most.
    """

    def __init__(self, folder: str | os.PathLike[str], count: int = 12) -> None:
        super().__init__()
        self.path = Path(folder) / "top_losses.png"
        self.count = count
        self._worst: list[Wrong] = []
        self._seen = 0

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self._worst, self._seen = [], 0

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the worst so far."""
        x = batch[0]
        if not (trainer.is_global_zero and isinstance(x, Tensor) and self.can_show(x)):
            return
        logits, target = classification_outputs(outputs, type(self).__name__)
        classes = getattr(pl_module, "classes", None)
        for place, loss in enumerate(losses_by_row(logits, target).tolist()):
            row = (self._seen + place) * trainer.world_size
            if len(self._worst) == self.count and loss <= self._worst[0].loss:
                continue
            if target.ndim == 1:
                probability, index = logits[place].float().softmax(0).max(0)
                said = f"{label_of(index, classes)} {float(probability):.2f}"
            else:
                said = label_of(logits[place] > 0, classes)
            entry = Wrong(loss, row, x[place].cpu().clone(), said, label_of(target[place], classes))
            (heapq.heappush if len(self._worst) < self.count else heapq.heappushpop)(self._worst, entry)
        self._seen += len(x)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show them, worst first."""
        if not self._worst:
            return
        datamodule: Any = getattr(trainer, "datamodule", None)
        names = datamodule.row_names(datamodule.tests_on) if hasattr(datamodule, "row_names") else None
        self.show(sorted(self._worst, reverse=True), names, datamodule)
        self._worst = []

    def can_show(self, x: Tensor) -> bool:
        """Whether rows of ``x`` are photos."""
        return x.ndim == 4 and x.shape[1] == 3

    def show(self, worst: Sequence[Wrong], names: Sequence[str] | None, datamodule: Any) -> None:
        """Draw the photos."""
        columns = min(4, len(worst))
        rows = math.ceil(len(worst) / columns)
        figure = new_figure(2.2 * columns, 2.75 * rows)
        for number, wrong in enumerate(worst, 1):
            axes = figure.add_subplot(rows, columns, number)
            name = f"\n{os.sep.join(Path(names[wrong.row]).parts[-2:])[-34:]}" if names else ""
            draw_photo(axes, wrong.x, f"said {wrong.said}\nis {wrong.true} (loss {wrong.loss:.2f}){name}")
            self.draw_over(axes, wrong.row)
        save_figure(figure, self.path)

    def draw_over(self, axes: Axes, row: int) -> None:
        """For what a subclass lays over the photo of a row."""
