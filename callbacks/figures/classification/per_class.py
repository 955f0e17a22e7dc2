"""Per-class table: precision, recall and F1 of each class.

**What it shows.** Which classes the mean hides: those that are missed (low recall) and those that are said too often (low
precision). ``figures/per_class.csv``, and the worst classes in ``figures/per_class.png``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, Trainer
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import (
    MulticlassF1Score,
    MulticlassPrecision,
    MulticlassRecall,
    MultilabelF1Score,
    MultilabelPrecision,
    MultilabelRecall,
)

from ...module_outputs.test_outputs import classification_outputs, regression_outputs
from ...run.atomic_file import write_csv
from ..canvas import BLUE, GRID, ORANGE, new_figure, save_figure


class PerClass(Callback):
    """Writes and draws what a test says of each class.

    Needs ``test_step`` to return a dictionary with ``logits`` ``[B, classes]`` and ``target``, ``int64 [B]`` or a 0/1 matrix.
    Multi-label: a class is said where its logit is above 0. Class names are taken from the module's ``classes`` where it has
    them.

    Args:
        folder: Where ``per_class.csv`` and ``per_class.png`` go.
        most: Classes in the picture, at most: those with the lowest F1.
    """

    def __init__(self, folder: str | os.PathLike[str], most: int = 30) -> None:
        super().__init__()
        self.folder, self.most = Path(folder), most
        self._metrics: MetricCollection | None = None
        self._photos: Tensor = torch.zeros(0)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self._metrics = None

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
        classes, several = logits.shape[1], target.ndim == 2
        if self._metrics is None:
            kinds: Any = (MulticlassPrecision, MulticlassRecall, MulticlassF1Score)
            if several:
                kinds = (MultilabelPrecision, MultilabelRecall, MultilabelF1Score)
            names = ("precision", "recall", "f1")
            self._metrics = MetricCollection(
                {name: kind(classes, average=None) for name, kind in zip(names, kinds, strict=True)}
            ).to(logits.device)
            self._photos = torch.zeros(classes, dtype=torch.int64, device=logits.device)
        self._metrics.update(logits.float().sigmoid() if several else logits, target)
        self._photos += target.long().sum(0) if several else torch.bincount(target, minlength=classes)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write and draw; under several processes their counts are added first."""
        if self._metrics is None:
            return
        scores = {name: values.tolist() for name, values in self._metrics.compute().items()}
        photos = trainer.strategy.reduce(self._photos, reduce_op="sum").tolist()
        if not trainer.is_global_zero:
            return
        names = [str(name) for name in getattr(pl_module, "classes", range(len(photos)))]
        rows = list(zip(names, photos, scores["precision"], scores["recall"], scores["f1"], strict=True))
        write_csv(self.folder / "per_class.csv", ("class", "photos", "precision", "recall", "f1"), rows)
        worst = sorted((row for row in rows if row[1]), key=lambda row: row[4])[: self.most]
        figure = new_figure(7.5, 1.2 + 0.34 * len(worst))
        axes = figure.add_subplot()
        places = range(len(worst))
        axes.barh([place - 0.19 for place in places], [row[2] for row in worst], 0.36, color=BLUE, label="precision")
        axes.barh([place + 0.19 for place in places], [row[3] for row in worst], 0.36, color=ORANGE, label="recall")
        axes.set_yticks(places, [f"{row[0]} ({row[1]})" for row in worst])
        axes.invert_yaxis()
        axes.set_xlim(0, 1)
        axes.set_title("by class (how many there are), lowest F1 first")
        axes.grid(color=GRID, axis="x")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
        save_figure(figure, self.folder / "per_class.png")
