"""The error by store, by day, by any column: where a regression model is wrong.

**What it shows.** For each column named, the mean absolute error and the bias: over time as a line, for categories the worst and
the best. ``figures/error_by_<column>.png`` and, with all values of the column, ``.csv``; in file names a column is
made safe by :func:`.safe_file_names`.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from ...files.atomic_file import write_csv
from ...files.output_path import output_path
from ..canvas import BLUE, GRID, INK, ORANGE, new_figure
from ..figure_callback import never_fatal
from ..file_names import safe_file_names
from ..plain_text import shortened
from .regression_figure import Numbers, RegressionFigure, relative_or_absolute

_CAPTION = (
    "Bars or the blue line are the size of the errors, orange is their mean: away from 0 it is too high or too low for that "
    "value throughout, which a column that explains it would mend."
)


class GroupedErrors(NamedTuple):
    """Errors by the values of a column, in the order of the values; a missing value comes last."""

    values: list[Any]
    counts: np.ndarray[Any, Any]
    mean_absolute: Numbers
    mean: Numbers


def group_errors(values: Sequence[Any], errors: Numbers) -> GroupedErrors:
    """Average errors by the values of a column.

    Args:
        values: Of each row ``[N]``.
        errors: Of each row ``[N]``.
    """
    distinct = sorted(set(values) - {None}) + ([None] if None in values else [])
    number_of = {value: number for number, value in enumerate(distinct)}
    numbers = np.array([number_of[value] for value in values])
    counts = np.bincount(numbers, minlength=len(distinct))
    mean_absolute = np.bincount(numbers, np.abs(errors), len(distinct)) / counts
    return GroupedErrors(distinct, counts, mean_absolute, np.bincount(numbers, errors, len(distinct)) / counts)


def worst_and_best(mean_absolute: Numbers, count: int) -> list[int]:
    """Return the numbers of at most ``count`` groups, the worst first; of more groups half are the worst, half the best."""
    order = np.argsort(-mean_absolute, kind="stable")
    if len(order) > count:
        order = np.concatenate([order[: count // 2], order[len(order) - (count - count // 2) :]])
    return [int(number) for number in order]


def describe_grouped(column: str, errors: GroupedErrors, name: str) -> str:
    """Say in words what :func:`draw_grouped_errors` shows."""
    worst, best = int(errors.mean_absolute.argmax()), int(errors.mean_absolute.argmin())
    return (
        f"Mean absolute {name} by {len(errors.values):,} values of {shortened(column)}: worst "
        f"{shortened(str(errors.values[worst]), 30)} with {errors.mean_absolute[worst]:.3g}, best "
        f"{shortened(str(errors.values[best]), 30)} with {errors.mean_absolute[best]:.3g}."
    )


def draw_grouped_errors(column: str, errors: GroupedErrors, name: str, max_groups: int = 30) -> Figure:
    """Draw errors by date as lines, by any other column as bars.

    Args:
        column: Its name.
        errors: By the values of the column.
        name: What the errors are called.
        max_groups: Number of bars, at most.
    """
    values, _, mean_absolute, mean = errors
    by_date = isinstance(values[0], datetime.date)
    figure = new_figure(10 if by_date else min(10.0, 4.5 + 0.3 * len(values)), 4)
    axes = figure.add_subplot()
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
    if by_date:
        axes.plot(values, mean_absolute, color=BLUE, label=f"mean absolute {name}")
        axes.plot(values, mean, color=ORANGE, label=f"mean {name}")
        figure.autofmt_xdate()
    else:
        order = worst_and_best(mean_absolute, max_groups)
        if len(values) > max_groups:
            worst = max_groups // 2
            axes.axvline(worst - 0.5, color=INK, linewidth=0.8, linestyle=":")
            axes.set_title(f"the {worst} worst and the {max_groups - worst} best of {len(values):,}")
        places = np.arange(len(order))
        axes.bar(places, mean_absolute[order], color=BLUE, label=f"mean absolute {name}")
        axes.plot(places, mean[order], "o", color=ORANGE, markersize=4, label=f"mean {name}")
        axes.set_xticks(places, [shortened(str(values[number]), 30) for number in order], rotation=90 if len(order) > 4 else 0)
        axes.tick_params(axis="x", labelsize=8)
        axes.set_xlim(-0.6, max(len(order), 3) - 0.4)
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.set_xlabel(shortened(column))
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


class ErrorBy(RegressionFigure):
    """Draws a test's error by the values of some columns.

    Needs ``test_step`` to return a dictionary with ``prediction`` and ``target`` (other tests are passed over), and a data module
    with ``row_columns(split)`` and ``tests_on``. Errors are relative where all targets are positive.

    Args:
        folder: Output folder, relative to ``trainer.default_root_dir``.
        columns: Columns to group by, one figure each.
        max_groups: Number of categories in a figure, at most: half of them the worst, half the best.

    Raises:
        MisconfigurationException: A column is not in the data, or ``max_groups`` is below 2.

    Example:
        >>> import numpy as np
        >>> from practicum.callbacks import ErrorBy
        >>> from practicum.callbacks.figures.regression.error_by import group_errors
        >>> callback = ErrorBy(columns=["shop"])  # Trainer(callbacks=[callback]) draws figures/error_by_shop.png after a test
        >>> errors = group_errors(["a", "b", "a"], np.array([1.0, -2.0, -3.0]))
        >>> errors.values, errors.mean_absolute.tolist(), errors.mean.tolist()
        (['a', 'b'], [2.0, 2.0], [-1.0, -2.0])
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures", columns: Sequence[str] = (), max_groups: int = 30) -> None:
        super().__init__(folder)
        if max_groups < 2:
            raise MisconfigurationException(f"ErrorBy: max_groups={max_groups} must be at least 2.")
        self.columns, self.max_groups = list(columns), max_groups

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if a column is missing, before anything is trained."""
        datamodule: Any = getattr(trainer, "datamodule", None)
        if self.columns and hasattr(datamodule, "row_columns"):
            self._check(datamodule.row_columns(datamodule.tests_on))

    def _check(self, columns: dict[str, list[Any]]) -> None:
        for column in self.columns:
            if column not in columns:
                raise MisconfigurationException(
                    f"ErrorBy: the data have no column {column!r}; they have {', '.join(columns) or 'none'}."
                )

    def show(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        predicted: Numbers,
        true: Numbers,
        columns: dict[str, list[Any]],
    ) -> None:
        """Write and draw each column."""
        self._check(columns)
        errors, name = relative_or_absolute(predicted, true)
        for column, file_name in safe_file_names(self.columns).items():
            with never_fatal(trainer, f"ErrorBy of {shortened(column)}"):
                grouped = group_errors(columns[column], errors)
                path = output_path(trainer, self.folder, f"error_by_{file_name}.csv")
                means = (grouped.mean_absolute.tolist(), grouped.mean.tolist())
                rows = zip(grouped.values, grouped.counts.tolist(), *means, strict=True)
                write_csv(path, (column, "count", f"mean absolute {name}", f"mean {name}"), rows)
                figure = draw_grouped_errors(column, grouped, name, self.max_groups)
                alt = describe_grouped(column, grouped, name)
                self.write_figure(figure, path.with_suffix(".png"), f"Error by {column}", _CAPTION, alt)
