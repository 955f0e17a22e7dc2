"""Learning curves: loss and metrics by epoch, for training and validation.

**What it shows.** Whether more training would help (validation loss still falls), the model overfits (training loss falls,
validation loss rises) or never learnt anything. ``figures/curves.png``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from practicum.lightning_shim import LightningModule, Trainer

from ..files.output_path import output_path
from .canvas import BLUE, GRID, ORANGE, new_figure
from .epoch_values import of_this_epoch
from .figure_callback import FigureCallback
from .four_digits import four_digits
from .metric_direction import better
from .metric_words import metric_words
from .plain_text import shortened

Curve = Sequence[tuple[int, float]]
_CAPTION = (
    "Where validation's loss still falls, train for more epochs; where it rises while training's falls, the model overfits: get "
    "more data, or regularize it more, by dropout, weight decay or, of photos, augmentation."
)
_COLUMNS = 3
_STAGES = {"train": ("training", ORANGE), "val": ("validation", BLUE)}


def curves_by_panel(history: Mapping[str, Curve]) -> dict[str, dict[str, Curve]]:
    """Group logged values by metric.

    Args:
        history: By logged name, ``train/loss``, pairs of epoch and value.

    Returns:
        By metric, the loss first, then by the alphabet: its ``training`` and ``validation`` curves, where there are any.
    """
    panels = sorted({name.partition("/")[2] for name in history}, key=lambda name: (name != "loss", name))
    return {
        panel: {label: history[f"{stage}/{panel}"] for stage, (label, _) in _STAGES.items() if history.get(f"{stage}/{panel}")}
        for panel in panels
    }


def describe_curves(panels: Mapping[str, Mapping[str, Curve]]) -> str:
    """Say in words what :func:`draw_curves` shows.

    Example:
        >>> from practicum.callbacks.figures.learning_curves import describe_curves
        >>> describe_curves({"loss": {"training": [(1, 0.9), (2, 0.5)], "validation": [(1, 0.8), (2, 0.6)]}})
        'By epoch, loss: training 0.9 to 0.5, validation 0.8 to 0.6.'
        >>> describe_curves({"auroc": {"validation": [(1, 0.8), (2, 0.9), (3, 0.7)]}})
        'By epoch, AUROC: validation 0.8 to 0.7, best 0.9 in epoch 2.'
    """
    return f"By epoch, {'; '.join(f'{metric_words(panel)}: {_course(panel, curves)}' for panel, curves in panels.items())}."


def _course(panel: str, curves: Mapping[str, Curve]) -> str:
    courses = []
    for label, points in curves.items():
        (_, first), (_, last) = points[0], points[-1]
        epoch, best = reduce(lambda one, other: other if better(panel, other[1], one[1]) else one, points)
        end = f" to {four_digits(last)}" if len(points) > 1 else ""
        middle = "" if best in (first, last) else f", best {four_digits(best)} in epoch {epoch}"
        courses.append(f"{label} {four_digits(first)}{end}{middle}")
    return ", ".join(courses)


def draw_curves(panels: Mapping[str, Mapping[str, Curve]]) -> Figure:
    """Draw one panel for each metric, at most three in a row; of a single epoch bars with their values."""
    colours = dict(_STAGES.values())
    columns = min(_COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(3.3 * columns, 2.8 * rows)
    for number, (panel, curves) in enumerate(panels.items(), 1):
        axes = figure.add_subplot(rows, columns, number)
        axes.set_title(shortened(metric_words(panel)))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=GRID)
        axes.set_axisbelow(True)
        if max(map(len, curves.values()), default=0) > 1:
            _draw_lines(axes, curves, colours)
        else:
            _draw_bars(axes, curves, colours)
    return figure


def _draw_lines(axes: Axes, curves: Mapping[str, Curve], colours: Mapping[str, str]) -> None:
    for label, points in curves.items():
        epochs, values = zip(*points, strict=True)
        axes.plot(epochs, values, "o-", color=colours[label], label=label, markersize=4)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlim(left=max(0.5, axes.get_xlim()[0]))  # there is no epoch 0
    axes.legend(frameon=False)


def _draw_bars(axes: Axes, curves: Mapping[str, Curve], colours: Mapping[str, str]) -> None:
    values = [points[0][1] for points in curves.values()]
    bars = axes.bar(list(curves), values, width=0.5, color=[colours[label] for label in curves])
    axes.bar_label(bars, [four_digits(value) for value in values], padding=2)
    axes.margins(x=0.4, y=0.15)
    axes.grid(visible=False, axis="x")


class LearningCurves(FigureCallback):
    """Draws every ``train/`` and ``val/`` value that the module logs by epoch, one panel for each metric.

    Args:
        folder: Folder of ``curves.png``, relative to ``trainer.default_root_dir``.

    Attributes:
        history: Pairs of epoch, from 1, and value, by logged name.

    Example:
        >>> from practicum.callbacks import LearningCurves
        >>> from practicum.callbacks.figures.learning_curves import curves_by_panel
        >>> callback = LearningCurves()  # Trainer(callbacks=[callback]) draws figures/curves.png after a fit
        >>> curves_by_panel({"train/loss": [(1, 0.9), (2, 0.5)], "val/loss": [(1, 0.8), (2, 0.6)]})
        {'loss': {'training': [(1, 0.9), (2, 0.5)], 'validation': [(1, 0.8), (2, 0.6)]}}
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures") -> None:
        super().__init__()
        self.folder = folder
        self.history: dict[str, list[tuple[int, float]]] = {}
        self._resumed = False
        self._validated = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note that there are new values."""
        self._validated = not trainer.sanity_checking

    def state_dict(self) -> dict[str, Any]:
        """Return the values so far."""
        return {"history": self.history}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from the values of a checkpoint."""
        self.history = {name: [(int(e), float(v)) for e, v in points] for name, points in state_dict["history"].items()}

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Note that a fit is resumed, which continues the curves that the checkpoint has."""
        self._resumed = trainer.state.fn == "fit"
        if self._resumed:
            self.history = {}

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew: a second fit with the same object (another fold) has curves of its own."""
        if not self._resumed and trainer.current_epoch == 0:
            self.history = {}
        self._resumed = False

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the values of this epoch; validation has run by now."""
        logged, self._validated = of_this_epoch(trainer.callback_metrics, self._validated), False
        values = {name: value for name, value in logged.items() if not name.endswith("_step")}
        for name, value in values.items():
            if f"{name}_epoch" not in values:  # else this is the value of the last step, or the same once more
                point = (trainer.current_epoch + 1, float(value))
                self.history.setdefault(name.removesuffix("_epoch"), []).append(point)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw."""
        if trainer.is_global_zero and self.history:
            panels = curves_by_panel(self.history)
            path = output_path(trainer, self.folder, "curves.png")
            self.write_figure(draw_curves(panels), path, "Learning curves", _CAPTION, describe_curves(panels))
