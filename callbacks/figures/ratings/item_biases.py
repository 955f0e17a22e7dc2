"""Item bias given popularity: which items score above or below what the number of their interactions predicts.

**What it shows.** ``figures/item_biases.png``: each item's bias over the number of its interactions (ratings or clicks), with the
parabola (on the logarithm of that number) fitted to those with enough of them; beside it the items farthest above and below it.
A straight line would not do: where people choose rather than rate, biases rise ever faster with popularity, so that all popular
items would seem favourites. Items with few interactions are left out of the fit: regularization holds their biases near 0.

**Source.** fast.ai's collaborative filtering lesson ("interpreting embeddings and biases").
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from ...files.output_path import output_path
from ...ranking.contracts import require_recommender
from ..canvas import BLUE, GRID, ORANGE, new_figure
from ..counted import counted
from ..figure_callback import FigureCallback
from ..log_axis import label_log_axis
from ..plain_text import printable

Numbers = np.ndarray[Any, np.dtype[np.float64]]

_DEGREE = 2
_POINTS = 50  # of the curve as it is drawn
_CAPTION = (
    "Each dot is an item, and its bias what it scores for everybody, whatever their taste: above the curve that is more than its "
    "popularity lets expect, below less. The bars name the farthest: where people rate, favourites and disappointments; where "
    "they choose, items for everybody and items for a particular taste."
)


class PopularityTrend(NamedTuple):
    """Biases beside those expected from popularity.

    Attributes:
        coefficients: Of the polynomial of the expected bias in the logarithm (base 10) of the number of interactions, the highest
            power first.
        excess: Bias minus expected bias of each item ``[N]``.
        order: Items with at least ``min_count`` interactions, to which the curve is fitted, by excess, the lowest first.
        min_count: Number of interactions that an item has at least to be in ``order``.
    """

    coefficients: Numbers
    excess: Numbers
    order: np.ndarray[Any, Any]
    min_count: int

    def expected(self, counts: Numbers) -> Numbers:
        """The bias that is expected of items with these numbers of interactions."""
        return np.polyval(self.coefficients, np.log10(np.maximum(counts, 1))).astype(np.float64)


def popularity_trend(bias: Numbers, counts: Numbers, min_count: int) -> PopularityTrend:
    """Fit biases by the logarithm of popularity, of the items that have enough interactions to have learnt a bias.

    The fit is a parabola; a line or a constant where there are only two numbers of interactions or one.

    Args:
        bias: Of each item ``[N]``.
        counts: Number of interactions of each item ``[N]``.
        min_count: Number of interactions that an item must have; the highest count, where all have fewer.
    """
    logs = np.log10(np.maximum(counts, 1))
    least = min(min_count, counts.max())
    enough = np.flatnonzero(counts >= least)
    degree = min(_DEGREE, len(np.unique(logs[enough])) - 1)
    coefficients = np.polyfit(logs[enough], bias[enough], degree)
    excess = bias - np.polyval(coefficients, logs)
    return PopularityTrend(coefficients, excess, enough[np.argsort(excess[enough])], int(least))


def describe_item_biases(names: Sequence[str], counts: Numbers, trend: PopularityTrend) -> str:
    """Say in words what :func:`draw_item_biases` shows."""
    ends = np.array([counts[trend.order].min(), counts.max()])
    low, high = trend.expected(ends)
    lowest = ", ".join(f"{_short(names[row])} ({trend.excess[row]:+.2f})" for row in trend.order[:3])
    highest = ", ".join(f"{_short(names[row])} ({trend.excess[row]:+.2f})" for row in trend.order[::-1][:3])
    return (
        f"Bias of {len(names):,} items over their popularity: {low:+.2f} is expected at {counted(int(ends[0]), 'interaction')}, "
        f"{high:+.2f} at {int(ends[1]):,}. Farthest above what is expected: {highest}; farthest below: {lowest}."
    )


def draw_item_biases(bias: Numbers, counts: Numbers, names: Sequence[str], trend: PopularityTrend, max_labels: int) -> Figure:
    """Draw biases over popularity, and beside them the items farthest below and above the trend.

    Args:
        bias: Of each item ``[N]``.
        counts: Number of interactions of each item ``[N]``.
        names: Of the items.
        trend: Fitted to them.
        max_labels: Items named on each side, at most.
    """
    figure = new_figure(10, 5.2)
    scatter, listed = figure.subplots(1, 2)
    scatter.grid(color=GRID)
    scatter.set_axisbelow(True)
    scatter.scatter(np.maximum(counts, 1), bias, s=10, color=BLUE, alpha=0.5)
    fitted = np.geomspace(max(1, counts[trend.order].min()), max(2, counts.max()), _POINTS)
    scatter.plot(fitted, trend.expected(fitted), color=ORANGE, label="expected from popularity")
    scatter.set_xscale("log")
    label_log_axis(scatter.xaxis, max(1, counts.min()), max(2, counts.max()))
    scatter.set_xlabel("interactions in training")
    scatter.set_ylabel("bias")
    scatter.legend(loc="upper left", frameon=False)

    count = min(max_labels, len(trend.order) // 2)
    shown = [*trend.order[:count], *trend.order[len(trend.order) - count :]]
    places = np.arange(len(shown)) + (np.arange(len(shown)) >= count)  # a gap between the lowest and the highest
    listed.barh(places, trend.excess[shown], color=[ORANGE] * count + [BLUE] * count)
    listed.set_yticks(places, [_short(names[row]) for row in shown], fontsize=8)
    listed.set_xlabel("bias minus that expected from popularity")
    listed.xaxis.set_major_locator(MaxNLocator(5))
    listed.grid(color=GRID, axis="x")
    listed.set_axisbelow(True)
    listed.set_title(f"of {len(trend.order):,} items with {trend.min_count} interactions or more")
    return figure


class ItemBiases(FigureCallback):
    """Draws item biases over popularity after a test; nothing where the module has no biases.

    Needs a module with ``bias(column)``, ``item`` (the column's name), ``categories``, ``scores`` and ``item_count``, and a data
    module with ``pairs(split)``, ``tests_on`` and, for names, ``titles()``.

    Args:
        folder: Folder of ``item_biases.png``, relative to ``trainer.default_root_dir``.
        max_labels: Items named on each side, at most.
        min_count: Number of interactions that an item must have to be named, and to count for the curve.

    Raises:
        MisconfigurationException: A number is below 1, or the module or data module lacks one of these.

    Example:
        >>> import numpy as np
        >>> from practicum.callbacks import ItemBiases
        >>> from practicum.callbacks.figures.ratings.item_biases import popularity_trend
        >>> callback = ItemBiases(min_count=10)  # Trainer(callbacks=[callback]) draws figures/item_biases.png after a test
        >>> trend = popularity_trend(np.array([0.0, 1.0, 2.0]), np.array([1.0, 10.0, 100.0]), callback.min_count)
        >>> bool(abs(trend.excess).max() < 1e-9), trend.expected(np.array([1000.0])).round(6).tolist()
        (True, [3.0])
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures", max_labels: int = 12, min_count: int = 20) -> None:
        super().__init__()
        if max_labels < 1 or min_count < 1:
            raise MisconfigurationException(f"ItemBiases: max_labels={max_labels} and min_count={min_count} must be at least 1.")
        self.folder, self.max_labels, self.min_count = folder, max_labels, min_count

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw."""
        if not trainer.is_global_zero or not hasattr(pl_module, "bias"):
            return
        module, data = require_recommender(trainer, pl_module, type(self).__name__)
        counts = torch.bincount(data.pairs("train")[1], minlength=module.item_count).double().numpy()
        bias = module.bias(module.item).double().cpu().numpy()
        titles = data.titles() if hasattr(data, "titles") else {}
        names = [titles.get(level, level) for level in module.categories[module.item]]
        trend = popularity_trend(bias, counts, self.min_count)
        figure, alt = draw_item_biases(bias, counts, names, trend, self.max_labels), describe_item_biases(names, counts, trend)
        self.write_figure(
            figure, output_path(trainer, self.folder, "item_biases.png"), "Item bias given popularity", _CAPTION, alt
        )


def _short(name: str, length: int = 42) -> str:
    name = printable(" ".join(name.splitlines()))
    return name if len(name) <= length else name[: length - 3] + "..."
