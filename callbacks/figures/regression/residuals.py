"""Residuals: how they are distributed, and for which users and items they are large.

**What it shows.** ``figures/residuals.png``: a histogram of true minus predicted, and the root mean square error by the number of
training ratings that the test row's user and item have. Rare ones are predicted less well; a mean away from 0 is a bias of the
model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from practicum.lightning_shim import LightningModule, Trainer
from torch import Tensor

from ...files.output_path import output_path
from ..canvas import BLUE, GRID, INK, ORANGE, new_figure
from ..plain_text import shortened
from .regression_figure import Numbers, RegressionFigure

BIN_EDGES = (0, 1, 3, 6, 11, 21, 51, 101, 201, 501, 1001)  # ratings in training, from
_CAPTION = (
    "A mean away from 0, the dashed line, is a bias of the model; where the error is high for users or items with few ratings, "
    "only more ratings of these, or facts about them, help. Of users with very many ratings there may be only a few."
)
_FEWEST = 5  # rows of a bin that is drawn


def training_counts(values: Sequence[Any], levels: Sequence[str], codes: Tensor) -> Numbers:
    """Count how often the value of each row occurs in training.

    Args:
        values: Of each row ``[N]``.
        levels: The values known from training, by code.
        codes: Of the training rows ``int64 [M]``.

    Returns:
        ``[N]``; 0 where a value is unseen in training.
    """
    place = {level: row for row, level in enumerate(levels)}
    counts = torch.bincount(codes, minlength=len(levels)).numpy()
    return np.array([counts[place[str(each)]] if str(each) in place else 0 for each in values])


def rmse_by_count(counts: Numbers, residuals: Numbers) -> dict[int, float]:
    """Return the root mean square of residuals ``[N]`` by the bin of ``BIN_EDGES`` that each row's count ``[N]`` lies in.

    Bins with fewer than five rows are left out.
    """
    groups = np.digitize(counts, BIN_EDGES) - 1
    bins = [group for group in range(len(BIN_EDGES)) if (groups == group).sum() >= _FEWEST]
    return {group: float(np.sqrt((residuals[groups == group] ** 2).mean())) for group in bins}


def describe_residuals(residuals: Numbers, by_count: Mapping[str, Mapping[int, float]]) -> str:
    """Say in words what :func:`draw_residuals` shows."""
    said = [f"Histogram of {len(residuals):,} residuals, mean {residuals.mean():+.3f}, standard deviation {residuals.std():.3f}."]
    for column, errors in by_count.items():
        if errors:
            points = ", ".join(f"{error:.3f} from {BIN_EDGES[group]:,}" for group, error in sorted(errors.items()))
            said.append(f"Root mean square error by ratings of the {shortened(column, 30)}: {points}.")
    return " ".join(said)


def draw_residuals(residuals: Numbers, by_count: Mapping[str, Mapping[int, float]]) -> Figure:
    """Draw residuals.

    Args:
        residuals: ``[N]``.
        by_count: Root mean square error by bin, by the name of a column; without any only the histogram is drawn.
    """
    figure = new_figure(10 if by_count else 5, 4.2)
    left = figure.add_subplot(1, 2 if by_count else 1, 1)
    left.hist(residuals, bins=60, color=BLUE)
    left.axvline(0, color=INK, linewidth=0.8, linestyle="--")
    left.set_xlabel("residual (true minus predicted)")
    left.set_ylabel("count")
    left.set_title(f"mean {residuals.mean():+.3f}, standard deviation {residuals.std():.3f}")
    if not by_count:
        return figure
    right = figure.add_subplot(1, 2, 2)
    for (column, errors), colour in zip(by_count.items(), (BLUE, ORANGE), strict=False):
        label = f"by ratings of the {shortened(column, 30)}"
        right.plot(list(errors), list(errors.values()), marker="o", color=colour, label=label)
    right.set_xticks(range(len(BIN_EDGES)), [f"{edge:,}" for edge in BIN_EDGES], fontsize=8)
    right.set_xlabel("ratings in training, at least")
    right.set_ylabel("root mean square error")
    right.grid(color=GRID)
    right.legend(frameon=False)
    return figure


class Residuals(RegressionFigure):
    """Draws the residuals of a test.

    Needs ``test_step`` to return a dictionary with ``prediction`` and ``target``; other tests are passed over. For ratings also a
    module with ``categories``, ``user`` and ``item`` (the columns' names), and a data module with ``row_columns(split)`` and
    ``pairs(split)``; for other data only the histogram is drawn.

    Args:
        folder: Folder of ``residuals.png``, relative to ``trainer.default_root_dir``.

    Example:
        >>> import numpy as np
        >>> from practicum.callbacks import Residuals
        >>> from practicum.callbacks.figures.regression.residuals import BIN_EDGES, rmse_by_count
        >>> callback = Residuals()  # Trainer(callbacks=[callback]) draws figures/residuals.png after a test
        >>> errors = rmse_by_count(np.array([0] * 5 + [30] * 5), np.array([2.0] * 5 + [-1.0] * 5))
        >>> {BIN_EDGES[group]: error for group, error in errors.items()}
        {0: 2.0, 21: 1.0}
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
        residuals = true - predicted
        data: Any = getattr(trainer, "datamodule", None)
        by_count = {}
        if hasattr(data, "pairs") and columns:
            module: Any = pl_module
            for column, codes in zip((module.user, module.item), data.pairs("train"), strict=True):
                counts = training_counts(columns[column], module.categories[column], codes)
                by_count[column] = rmse_by_count(counts, residuals)
        path = output_path(trainer, self.folder, "residuals.png")
        caption = _CAPTION if by_count else _CAPTION.partition(";")[0] + "."
        self.write_figure(
            draw_residuals(residuals, by_count), path, "Residuals", caption, describe_residuals(residuals, by_count)
        )
