"""Predicted against true values: each row of a test is a point; the diagonal is where they are equal.

**What it shows.** Where the model predicts too high or too low, and how widely it scatters. ``figures/predicted_true.png``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from practicum.lightning_shim import LightningModule, Trainer

from ...files.output_path import output_path
from ..canvas import BLUE, INK, new_figure
from ..four_digits import four_digits
from ..log_axis import label_log_axis
from .regression_figure import Numbers, RegressionFigure, relative_or_absolute

_CELLS = LinearSegmentedColormap.from_list("cells", [f"{BLUE}40", f"{BLUE}ff"])  # a single row is seen, too
_STRIPS = 20  # different true values, at most, that each have a strip of their own
_CAPTION = (
    "On the dashed line predictions are exact: where the cloud bends away from it, high or low values are predicted too near to"
    " the mean, and rows or columns that tell them apart would help. On the right is how the errors are "
    "distributed, the outer 1 % in the outermost bars."
)


class PredictionSpread(NamedTuple):
    """What the figure shows of predictions.

    Attributes:
        limits: The lowest and the highest value, predicted or true.
        predicted: The lowest and the highest prediction.
        true: The lowest and the highest target.
        scale: ``log`` where all values are positive and span more than a factor of 20, else ``linear``.
        errors: Of each row ``[N]``; the outer 0.5 % on each side are moved to the edges.
        name: What the errors are called.
        median: Of the errors.
        half_within: Median of the absolute errors.
    """

    limits: tuple[float, float]
    predicted: tuple[float, float]
    true: tuple[float, float]
    scale: str
    errors: Numbers
    name: str
    median: float
    half_within: float


def prediction_spread(predicted: Numbers, true: Numbers) -> PredictionSpread:
    """Summarise predictions ``[N]`` of targets ``[N]``."""
    of_predicted, of_true = ((float(each.min()), float(each.max())) for each in (predicted, true))
    low, high = min(of_predicted[0], of_true[0]), max(of_predicted[1], of_true[1])
    errors, name = relative_or_absolute(predicted, true)
    clipped = np.clip(errors, *np.quantile(errors, [0.005, 0.995]))
    scale = "log" if low > 0 and high > 20 * low else "linear"
    half_within = float(np.quantile(np.abs(errors), 0.5))
    return PredictionSpread((low, high), of_predicted, of_true, scale, clipped, name, float(np.median(errors)), half_within)


def describe_spread(spread: PredictionSpread) -> str:
    """Say in words what :func:`draw_predicted_against_true` shows."""
    predicted, true = (f"from {four_digits(low)} to {four_digits(high)}" for low, high in (spread.predicted, spread.true))
    return (
        f"{len(spread.errors):,} predictions, {predicted}, over true values, {true}; "
        f"{spread.name}: median {spread.median:+.3g}, half of them within {spread.half_within:.3g}."
    )


def _counted(axes: Axes, predicted: Numbers, true: Numbers, scale: str) -> ScalarMappable:
    """Draw how many rows lie where: in hexagons, or, of few different true values such as stars, in a strip of cells for each."""
    values = np.unique(true)
    apart = np.diff(values).min() if 1 < len(values) <= _STRIPS else 0.0
    if scale == "log" or apart * 60 < values[-1] - values[0] or not apart:  # too near for a strip that could be seen
        more: Any = {"xscale": scale, "yscale": scale}
        return axes.hexbin(true, predicted, gridsize=60, mincnt=1, bins="log", cmap=_CELLS, vmin=1, **more)
    edges = np.stack([values - 0.3 * apart, values + 0.3 * apart], axis=1).ravel()
    *_, cells = axes.hist2d(true, predicted, bins=(edges, 60), cmin=1, cmap=_CELLS, norm=LogNorm(vmin=1))
    return cells


def draw_predicted_against_true(predicted: Numbers, true: Numbers) -> Figure:
    """Draw predictions over targets, and the distribution of errors beside."""
    spread = prediction_spread(predicted, true)
    figure = new_figure(10, 4.6)
    left, right = figure.subplots(1, 2)
    cells: Any = _counted(left, predicted, true, spread.scale)
    cells.set_rasterized(True)  # as the bar beside it: in dark form colours of pictures stay what they are
    bar = figure.colorbar(cells, ax=left, label="rows in a cell")
    label_log_axis(bar.ax.yaxis, *bar.ax.get_ylim())
    left.plot(spread.limits, spread.limits, color=INK, linewidth=0.8, linestyle="--")
    if spread.scale == "log":
        for axis in (left.xaxis, left.yaxis):
            label_log_axis(axis, *spread.limits)
    left.set_xlabel("true")
    left.set_ylabel("predicted")
    right.hist(spread.errors, bins=60, color=BLUE)
    right.axvline(0, color=INK, linewidth=0.8, linestyle="--")
    right.set_xlabel(f"{spread.name} (predicted minus true)")
    right.set_ylabel("rows")
    right.set_title(f"median {spread.name} {spread.median:+.3g}, half within {spread.half_within:.3g}")
    return figure


class PredictedAgainstTrue(RegressionFigure):
    """Draws a test's predictions over its targets, and the distribution of errors.

    Needs ``test_step`` to return a dictionary with ``prediction`` and ``target``; other tests are passed over. Errors are
    relative where all targets are positive.

    Args:
        folder: Folder of ``predicted_true.png``, relative to ``trainer.default_root_dir``.

    Example:
        >>> import numpy as np
        >>> from practicum.callbacks import PredictedAgainstTrue
        >>> from practicum.callbacks.figures.regression.predicted_against_true import prediction_spread
        >>> callback = PredictedAgainstTrue()  # Trainer(callbacks=[callback]) draws figures/predicted_true.png after a test
        >>> spread = prediction_spread(np.array([1.5, 20.0, 90.0]), np.array([1.0, 20.0, 100.0]))
        >>> spread.scale, spread.name, spread.half_within
        ('log', 'relative error', 0.1)
    """

    def show(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        predicted: Numbers,
        true: Numbers,
        columns: dict[str, list[Any]],
    ) -> None:
        """Draw."""
        path = output_path(trainer, self.folder, "predicted_true.png")
        figure, alt = draw_predicted_against_true(predicted, true), describe_spread(prediction_spread(predicted, true))
        self.write_figure(figure, path, "Predicted against true", _CAPTION, alt)
