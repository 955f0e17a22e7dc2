"""Per-class metrics: precision, recall and F1 of each class.

**What it shows.** Classes that a mean hides: those that are missed (low recall) and those that are predicted too often (low
precision). ``figures/per_class.csv``; the classes with the lowest F1 in ``figures/per_class.png``.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import torch
from matplotlib.figure import Figure
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
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

from ...files.atomic_file import write_csv
from ...files.output_path import output_path
from ...module_outputs.labels import threshold_of
from ...module_outputs.step_check import TestOutputsCheck
from ...module_outputs.test_outputs import class_outputs
from ..canvas import BLUE, GRID, ORANGE, new_figure
from ..figure_callback import FigureCallback
from ..plain_text import shortened

log = logging.getLogger(__name__)


_CAPTION = "Low recall: the class is missed, so give the model more examples of it; low precision: others are taken for it"
_CONFUSED = ", so look at those in the confusion matrix"
_NAMED = 10  # classes that are named in words


@dataclass(frozen=True)
class ClassScores:
    """The scores of one class; ``count`` is how many rows of the test belong to it."""

    name: str
    count: int
    precision: float
    recall: float
    f1: float


def per_class_metrics(classes: int, multi_label: bool, threshold: float = 0.5) -> MetricCollection:
    """Return ``precision``, ``recall`` and ``f1`` of each class ``[classes]``, as metrics of logits (multi-label: sigmoids)."""
    kinds: Any = (MulticlassPrecision, MulticlassRecall, MulticlassF1Score)
    options: dict[str, Any] = {"average": None}
    if multi_label:
        kinds, options["threshold"] = (MultilabelPrecision, MultilabelRecall, MultilabelF1Score), threshold
    names = ("precision", "recall", "f1")
    return MetricCollection({name: kind(classes, **options) for name, kind in zip(names, kinds, strict=True)})


def lowest_f1(scores: Sequence[ClassScores], count: int) -> list[ClassScores]:
    """Return the ``count`` classes with the lowest F1, the lowest first; classes that the test lacks are left out."""
    return sorted((each for each in scores if each.count), key=lambda each: each.f1)[:count]


def drawn_and_missed(scores: Sequence[ClassScores], count: int) -> tuple[list[ClassScores], list[ClassScores]]:
    """Return the classes to draw, the lowest F1 first, and those of the test that are never predicted correctly.

    The latter have no bars: they are drawn only beside others, and only where there is room for all.

    Args:
        scores: Of all classes.
        count: Number of classes to draw, at most.
    """
    present = lowest_f1(scores, len(scores))
    missed = [each for each in present if each.f1 == 0]
    found = present[len(missed) :]
    return (present if found and len(present) <= count else found[:count]), missed


def describe_missed(missed: Sequence[ClassScores]) -> str:
    """Name the classes that are never predicted correctly; empty where there are none."""
    if not missed:
        return ""
    names = ", ".join(shortened(each.name) for each in missed[:_NAMED])
    more = f" and {len(missed) - _NAMED} more" if len(missed) > _NAMED else ""
    return f"Never predicted correctly (F1 = 0): {names}{more}."


def describe_per_class(scores: Sequence[ClassScores]) -> str:
    """Say in words what :func:`draw_per_class` shows.

    Example:
        >>> from practicum.callbacks.figures.classification.per_class import ClassScores, describe_per_class
        >>> describe_per_class([ClassScores("bee", 3, 0.5, 1.0, 0.667)])
        'Bars of 1 class, lowest F1 first: bee precision 0.50, recall 1.00.'
    """
    shown = "; ".join(
        f"{shortened(each.name)} precision {each.precision:.2f}, recall {each.recall:.2f}" for each in scores[:_NAMED]
    )
    more = f"; and {len(scores) - _NAMED} more" if len(scores) > _NAMED else ""
    return f"Bars of {len(scores)} class{'' if len(scores) == 1 else 'es'}, lowest F1 first: {shown}{more}."


def draw_per_class(scores: Sequence[ClassScores]) -> Figure:
    """Draw precision and recall of each class as bars."""
    figure = new_figure(7.5, 1.2 + 0.3 * len(scores))
    axes = figure.add_subplot()
    places = range(len(scores))
    axes.barh([place - 0.19 for place in places], [each.precision for each in scores], 0.36, color=BLUE, label="precision")
    axes.barh([place + 0.19 for place in places], [each.recall for each in scores], 0.36, color=ORANGE, label="recall")
    axes.set_yticks(places, [f"{shortened(each.name, 40)} ({each.count})" for each in scores])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_title("by class (count), lowest F1 first")
    axes.set_xlabel("precision, recall")
    axes.grid(color=GRID, axis="x")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


class PerClass(TestOutputsCheck, FigureCallback):
    """Writes and draws precision, recall and F1 of each class of a test.

    Needs ``test_step`` to return a dictionary with ``logits`` ``[B, classes]`` and ``target``, ``int64 [B]`` or a 0/1 matrix;
    regression is passed over. Multi-label: a class is predicted where its probability is above the module's ``threshold``, else
    .5. Class names are taken from the module's ``classes`` where it has them. Under several processes their counts are added.

    Args:
        folder: Folder of ``per_class.csv`` and ``per_class.png``, relative to ``trainer.default_root_dir``.
        max_classes: Number of classes in the figure, at most: those with the lowest F1.

    Raises:
        MisconfigurationException: ``max_classes`` is below 1, or ``test_step`` returns something else.

    Example:
        >>> from practicum.callbacks import PerClass
        >>> from practicum.callbacks.figures.classification.per_class import ClassScores, lowest_f1
        >>> callback = PerClass(max_classes=1)  # Trainer(callbacks=[callback]) writes figures/per_class.csv after a test
        >>> lowest_f1([ClassScores("ant", 5, 0.9, 0.8, 0.85), ClassScores("bee", 3, 0.5, 1.0, 0.67)], callback.max_classes)
        [ClassScores(name='bee', count=3, precision=0.5, recall=1.0, f1=0.67)]
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures", max_classes: int = 30) -> None:
        super().__init__()
        if max_classes < 1:
            raise MisconfigurationException(f"PerClass: max_classes={max_classes} must be at least 1.")
        self.folder, self.max_classes = folder, max_classes
        self._metrics: MetricCollection | None = None
        self._multi_label = False
        self._count: Tensor = torch.zeros(0)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset."""
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
        found = class_outputs(outputs, type(self).__name__)
        if found is None:
            return
        logits, target = found
        classes, multi_label = logits.shape[1], target.ndim == 2
        if self._metrics is None:
            self._multi_label = multi_label
            self._metrics = per_class_metrics(classes, multi_label, threshold_of(pl_module)).to(logits.device)
            self._count = torch.zeros(classes, dtype=torch.int64, device=logits.device)
        self._metrics.update(logits.float().sigmoid() if multi_label else logits, target)
        self._count += target.long().sum(0) if multi_label else torch.bincount(target, minlength=classes)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the counts of all processes, write and draw."""
        if self._metrics is None:
            return
        values = {name: each.tolist() for name, each in self._metrics.compute().items()}
        counts = trainer.strategy.reduce(self._count, reduce_op="sum").tolist()
        if not trainer.is_global_zero:
            return
        names = [str(name) for name in getattr(pl_module, "classes", range(len(counts)))]
        columns = (names, counts, values["precision"], values["recall"], values["f1"])
        scores = [ClassScores(*row) for row in zip(*columns, strict=True)]
        path = output_path(trainer, self.folder, "per_class.csv")
        write_csv(path, ("class", "count", "precision", "recall", "f1"), map(astuple, scores))
        shown, missed = drawn_and_missed(scores, self.max_classes)
        if not shown:  # no bar has a length
            log.info(f"PerClass: nothing is drawn. {describe_missed(missed)}")
            return
        rule = f"{_CAPTION}{'' if self._multi_label else _CONFUSED}."
        caption = " ".join(filter(None, (rule, describe_missed(missed))))
        self.write_figure(
            draw_per_class(shown), path.with_suffix(".png"), "Precision and recall by class", caption, describe_per_class(shown)
        )
