"""The error by store, by day, by whatever column: where a model of numbers is wrong.

**What it shows.** Of each column named the mean error and its bias: over time as a line, of names the worst and the best.
``figures/error_by_<column>.png`` and, with all levels, ``.csv``.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from ...run.atomic_file import write_csv
from ..canvas import BLUE, GRID, INK, ORANGE, new_figure, save_figure
from .regression_figure import Numbers, NumbersOfTest, relative_or_absolute


class ErrorBy(NumbersOfTest):
    """Draws the error by the values of some columns.

    Needs a data module with ``row_columns(split)``, and what :class:`.NumbersOfTest` needs.

    Args:
        folder: For pictures.
        columns: Whose.
        shown: Levels of names, at most: half of them the worst, half the best.

    Raises:
        MisconfigurationException: A column is not in the data.
    """

    def __init__(self, folder: str | os.PathLike[str], columns: Sequence[str] = (), shown: int = 30) -> None:
        super().__init__(folder)
        self.columns, self.shown = list(columns), shown

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse columns that are not there, before anything is trained."""
        datamodule: Any = getattr(trainer, "datamodule", None)
        if self.columns and hasattr(datamodule, "row_columns"):
            self._refuse(datamodule.row_columns(datamodule.tests_on))

    def _refuse(self, columns: dict[str, list[Any]]) -> None:
        for column in self.columns:
            if column not in columns:
                raise MisconfigurationException(
                    f"ErrorBy: the data have no column {column!r}; they have {', '.join(columns) or 'none'}."
                )

    def show(self, predicted: Numbers, true: Numbers, columns: dict[str, list[Any]]) -> None:
        """Draw each column."""
        errors, name = relative_or_absolute(predicted, true)
        self._refuse(columns)
        for column in self.columns:
            self._one(column, columns[column], errors, name)

    def _one(self, column: str, values: list[Any], errors: Numbers, name: str) -> None:
        levels = sorted(set(values) - {None}) + ([None] if None in values else [])
        number_of = {level: number for number, level in enumerate(levels)}
        numbers = np.array([number_of[value] for value in values])
        counts = np.bincount(numbers, minlength=len(levels))
        mean = np.bincount(numbers, np.abs(errors), len(levels)) / counts
        bias = np.bincount(numbers, errors, len(levels)) / counts
        rows = zip(levels, counts.tolist(), mean.tolist(), bias.tolist(), strict=True)
        write_csv(self.folder / f"error_by_{column}.csv", (column, "rows", f"mean absolute {name}", f"mean {name}"), rows)
        figure = new_figure(10, 4)
        axes = figure.add_subplot()
        axes.grid(axis="y", color=GRID)
        axes.set_axisbelow(True)
        if isinstance(levels[0], datetime.date):
            axes.plot(levels, mean, color=BLUE, label=f"mean absolute {name}")
            axes.plot(levels, bias, color=ORANGE, label=f"mean {name}")
            figure.autofmt_xdate()
        else:
            order = np.argsort(-mean, kind="stable")
            if len(order) > self.shown:
                order = np.concatenate([order[: self.shown // 2], order[-self.shown // 2 :]])
                axes.axvline(self.shown // 2 - 0.5, color=INK, linewidth=0.8, linestyle=":")
                axes.set_title(f"the {self.shown // 2} worst and the {self.shown - self.shown // 2} best of {len(levels):,}")
            places = np.arange(len(order))
            axes.bar(places, mean[order], color=BLUE, label=f"mean absolute {name}")
            axes.plot(places, bias[order], "o", color=ORANGE, markersize=4, label=f"mean {name}")
            axes.set_xticks(places, [str(levels[number]) for number in order], rotation=90, fontsize=8)
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.set_xlabel(column)
        axes.legend(frameon=False)
        save_figure(figure, self.folder / f"error_by_{column}.png")
