"""Residuals of predicted numbers: how they spread, and for whom they are large.

**What it shows.** ``figures/residuals.png``: a histogram of true minus predicted, and the root mean square of it by how many rows
of training the test row's user and item have. Rare ones are told less well; a bias of the histogram is a mistake of the model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import LightningModule, Trainer

from ..canvas import BLUE, GRID, ORANGE, new_figure, save_figure
from .regression_figure import Numbers, NumbersOfTest

_EDGES = (0, 1, 3, 6, 11, 21, 51, 101, 201, 501, 1001)  # rows of training


class Residuals(NumbersOfTest):
    """Draws them after a test of ratings.

    Needs what :class:`.NumbersOfTest` needs, and a data module with ``pairs(split)``, ``user`` and ``item`` (the columns' names);
    of other data only the histogram is drawn.
    """

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Remember how often users and items stand in training."""
        self._data: Any = getattr(trainer, "datamodule", None)
        self._levels = getattr(pl_module, "categories", {})

    def show(self, predicted: Numbers, true: Numbers, columns: dict[str, list[object]]) -> None:
        """Draw."""
        apart = true - predicted
        figure = new_figure(11, 4.5)
        left, right = figure.subplots(1, 2)
        left.hist(apart, bins=60, color=BLUE)
        left.axvline(0, color=ORANGE)
        left.set_xlabel("true minus predicted")
        left.set_ylabel("rows")
        left.set_title(f"mean {apart.mean():+.3f}, deviation {apart.std():.3f}")
        data = self._data
        if hasattr(data, "pairs") and columns:
            for column, pairs, colour in zip((data.user, data.item), data.pairs("train"), (BLUE, ORANGE), strict=True):
                levels = self._levels[column]
                place = {level: row for row, level in enumerate(levels)}
                counts = torch.bincount(pairs, minlength=len(levels)).numpy()
                rows = np.array([counts[place[str(each)]] if str(each) in place else 0 for each in columns[column]])
                _by_count(right, rows, apart, f"by ratings of its {column}", colour)
            right.set_xticks(range(len(_EDGES)), [f"{edge:,}" for edge in _EDGES])
            right.set_xlabel("ratings in training, from")
            right.set_ylabel("root mean square")
            right.grid(color=GRID)
            right.legend(frameon=False)
        else:
            right.set_axis_off()
        save_figure(figure, self.folder / "residuals.png")


def _by_count(axes: object, rows: Numbers, apart: Numbers, label: str, colour: str) -> None:
    groups = np.digitize(rows, _EDGES) - 1
    places = [group for group in range(len(_EDGES)) if (groups == group).sum() >= 5]
    errors = [float(np.sqrt((apart[groups == group] ** 2).mean())) for group in places]
    axes.plot(places, errors, marker="o", color=colour, label=label)  # type: ignore[attr-defined]
