"""Confusion matrix: which classes are mistaken for which.

**What it shows.** Rows are true classes, columns predicted ones; correct predictions lie on the diagonal.
``figures/confusion.png``, without numbers where there are many classes; ``figures/confusion.csv`` lists the pairs confused, the
most frequent first.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from practicum.lightning_shim import LightningModule, Trainer
from torchmetrics.classification import MulticlassConfusionMatrix

from ...files.atomic_file import write_csv
from ...files.output_path import output_path
from ...module_outputs.step_check import TestOutputsCheck
from ...module_outputs.test_outputs import class_outputs
from ..canvas import INK, SHADES, new_figure
from ..figure_callback import FigureCallback
from ..plain_text import shortened

Counts = np.ndarray[Any, Any]

_CAPTION = (
    "Rows are true classes, columns predicted ones, and the diagonal is correct: where a cell beside it stands out, look "
    "at examples of these two classes for wrong labels, or give the model more of them."
)
_MOST_NAMES = 40  # along an axis; of more classes every second, third ... is named
_DEEP = 0.85  # share from which on white is read more easily than the ink of either form
_PAIRS = 8  # of classes that are named in words


def describe_confusion(counts: Counts, names: Sequence[str]) -> str:
    """Say in words what :func:`draw_confusion_matrix` shows.

    Example:
        >>> import numpy as np
        >>> from practicum.callbacks.figures.classification.confusion_matrix import describe_confusion
        >>> describe_confusion(np.array([[5, 1], [2, 4]]), ["ant", "bee"])
        'Confusion matrix of 2 classes: 9 of 12 correct (75.0%). Most often confused: bee taken for ant (2), ant for bee (1).'
    """
    correct, total = counts.trace(), counts.sum()
    said = f"Confusion matrix of {len(names)} classes: {correct} of {total} correct ({correct / max(1, total):.1%})."
    pairs = most_confused(counts, names)[:_PAIRS]
    named = ", ".join(
        f"{shortened(true)} {'' if place else 'taken '}for {shortened(taken)} ({count})"
        for place, (true, taken, count) in enumerate(pairs)
    )
    return f"{said} Most often confused: {named}." if named else f"{said} None is confused."


def most_confused(counts: Counts, names: Sequence[str]) -> list[tuple[str, str, int]]:
    """List the pairs of classes that were confused.

    Args:
        counts: ``int [classes, classes]``, true classes in rows, predicted ones in columns.
        names: Of the classes.

    Returns:
        True class, predicted class and count, the highest count first.
    """
    confused = [(names[i], names[j], int(counts[i, j])) for i, j in np.argwhere(counts > 0) if i != j]
    return sorted(confused, key=lambda row: -row[2])


def draw_confusion_matrix(counts: Counts, names: Sequence[str]) -> Figure:
    """Draw a confusion matrix, coloured by the share of the true class.

    Args:
        counts: ``int [classes, classes]``, true classes in rows, predicted ones in columns.
        names: Of the classes.
    """
    names = [shortened(name, 32) for name in names]
    longest = max(map(len, names), default=0)
    size = min(9.2, 2.6 + 0.45 * len(names) + 0.075 * max(0, longest - 12))
    figure = new_figure(size + 0.8, size)
    axes = figure.add_subplot()
    share = counts / np.maximum(1, counts.sum(1, keepdims=True))
    image = axes.imshow(share, cmap=SHADES, vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, shrink=0.8, label="share of the true class")
    many = len(names) > 3 or longest > 12
    every = -(-len(names) // _MOST_NAMES)  # more would overlap
    vertical = len(names) > 20
    axes.set_xticks(
        range(0, len(names), every),
        names[::every],
        rotation=90 if vertical else 45 if many else 0,
        ha="right" if many and not vertical else "center",
    )
    axes.set_yticks(range(0, len(names), every), names[::every])
    axes.tick_params(labelsize=9 if len(names) <= 20 else 7)
    if len(names) <= 20:
        for i, j in np.ndindex(*counts.shape):
            axes.text(j, i, str(counts[i, j]), ha="center", va="center", color="white" if share[i, j] > _DEEP else INK)
    correct, total = counts.trace(), counts.sum()
    axes.set_title(f"{correct} of {total} correct ({correct / max(1, total):.1%})")
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    return figure


class ConfusionMatrix(TestOutputsCheck, FigureCallback):
    """Draws the confusion matrix of a test.

    Needs ``test_step`` to return a dictionary with ``logits`` ``[B, classes]`` and ``target`` ``int64 [B]``; multi-label targets
    and regression are passed over. Class names are taken from the module's ``classes`` where it has them. Under several processes
    their counts are added.

    Args:
        folder: Folder of ``confusion.png`` and ``confusion.csv``, relative to ``trainer.default_root_dir``.

    Raises:
        MisconfigurationException: ``test_step`` returns something else.

    Example:
        >>> import numpy as np
        >>> from practicum.callbacks import ConfusionMatrix
        >>> from practicum.callbacks.figures.classification.confusion_matrix import most_confused
        >>> callback = ConfusionMatrix()  # Trainer(callbacks=[callback]) draws figures/confusion.png after a test
        >>> most_confused(np.array([[5, 1], [2, 4]]), ["ant", "bee"])
        [('bee', 'ant', 2), ('ant', 'bee', 1)]
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures") -> None:
        super().__init__()
        self.folder = folder
        self._metric: MulticlassConfusionMatrix | None = None

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset."""
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
        found = class_outputs(outputs, type(self).__name__)
        if found is None or found[1].ndim != 1:
            return
        logits, target = found
        if self._metric is None:
            self._metric = MulticlassConfusionMatrix(logits.shape[1]).to(logits.device)
        self._metric.update(logits, target)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Add the counts of all processes, and draw."""
        if self._metric is None:
            return
        counts = self._metric.compute().cpu().numpy()
        if not trainer.is_global_zero:
            return
        names = [str(name) for name in getattr(pl_module, "classes", range(len(counts)))]
        png = output_path(trainer, self.folder, "confusion.png")
        figure, said = draw_confusion_matrix(counts, names), describe_confusion(counts, names)
        every = -(-len(names) // _MOST_NAMES)
        thinned = f" One class in {every} is named; confusion.csv has all pairs." if every > 1 else ""
        self.write_figure(figure, png, "Confusion matrix", f"{_CAPTION}{thinned}", said)
        path = output_path(trainer, self.folder, "confusion.csv")
        write_csv(path, ("true", "predicted", "count"), most_confused(counts, names))
