"""Confusion matrix: which classes are taken for which.

**What it shows.** Rows are what photos (or texts) are, columns what the model said; the diagonal is right.
``figures/confusion.png``. With many classes it is shown without numbers, and the pairs confused most often are listed in
``figures/confusion.csv``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from practicum.lightning_shim import Callback, LightningModule, Trainer
from torchmetrics.classification import MulticlassConfusionMatrix

from ...module_outputs.test_outputs import classification_outputs, regression_outputs
from ...run.atomic_file import write_csv
from ..canvas import INK, new_figure, save_figure


class ConfusionMatrix(Callback):
    """Draws the confusion matrix of a test.

    Needs ``test_step`` to return a dictionary with ``logits`` ``[B, classes]`` and ``target`` ``int64 [B]``; targets of another
    shape (multi-label) are passed over. Class names are taken from the module's ``classes`` where it has them.

    Args:
        folder: Where ``confusion.png`` and ``confusion.csv`` go.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        self.folder = Path(folder)
        self._metric: MulticlassConfusionMatrix | None = None

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self._metric = None

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count one batch."""
        if regression_outputs(outputs) is not None:
            return  # numbers have no classes
        logits, target = classification_outputs(outputs, type(self).__name__)
        if target.ndim != 1:
            return
        if self._metric is None:
            self._metric = MulticlassConfusionMatrix(logits.shape[1]).to(logits.device)
        self._metric.update(logits, target)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw; under several processes their counts are added first."""
        if self._metric is None:
            return
        counts = self._metric.compute().cpu().numpy()
        if not trainer.is_global_zero:
            return
        names = list(getattr(pl_module, "classes", range(len(counts))))
        names = [str(name) for name in names]
        self._draw(counts, names)
        confused = [(names[i], names[j], int(counts[i, j])) for i, j in np.argwhere(counts > 0) if i != j]
        confused.sort(key=lambda row: -row[2])
        write_csv(self.folder / "confusion.csv", ("is", "was taken for", "photos"), confused)

    def _draw(self, counts: np.ndarray[Any, Any], names: list[str]) -> None:
        size = min(14.0, 2.6 + 0.45 * len(names))
        figure = new_figure(size + 0.8, size)
        axes = figure.add_subplot()
        share = counts / np.maximum(1, counts.sum(1, keepdims=True))
        image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
        figure.colorbar(image, ax=axes, shrink=0.8, label="share of the class")
        axes.set_xticks(
            range(len(names)), names, rotation=45 if len(names) > 3 else 0, ha="right" if len(names) > 3 else "center"
        )
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(labelsize=9 if len(names) <= 30 else 5)
        if len(names) <= 20:
            for i, j in np.ndindex(counts.shape):
                axes.text(j, i, str(counts[i, j]), ha="center", va="center", color="white" if share[i, j] > 0.5 else INK)
        right = counts.trace() / max(1, counts.sum())
        axes.set_title(f"{counts.trace()} of {counts.sum()} right ({right:.1%})")
        axes.set_xlabel("the model said")
        axes.set_ylabel("it is")
        save_figure(figure, self.folder / "confusion.png")
