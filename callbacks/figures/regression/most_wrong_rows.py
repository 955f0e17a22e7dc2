"""Highest-loss rows of a table: those with the largest regression error.

**What it shows.** Mistakes in the data, and what no column explains. ``figures/most_wrong.txt``, also in the report.

**Source.** fast.ai's ``plot_top_losses``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from ...files.output_path import output_path
from ..four_digits import four_digits
from ..page_table import PageTable, TableSheet, save_tables
from ..plain_text import printable
from .regression_figure import Numbers, RegressionFigure, relative_or_absolute

_CAPTION = (
    "The rows that the model is most wrong about, the worst first: correct mistakes in the data, and look for what these rows "
    "have in common that no column tells. Rows are numbered in the order of the test, from 1."
)


def worst_rows_table(
    predicted: Numbers,
    true: Numbers,
    columns: Mapping[str, Sequence[Any]],
    count: int = 10,
    max_columns: int = 12,
    step: int = 1,
) -> PageTable:
    """The rows of :func:`describe_worst_rows` as a table, which takes the same arguments.

    Left out are the target's own column and those that hold the same in every row.
    """
    errors, name = relative_or_absolute(predicted, true)
    shown = _shown_columns(true, columns)[:max_columns]
    rows = [
        [
            f"{row * step + 1}",
            four_digits(float(predicted[row])),
            f"{true[row]:,.6g}",
            f"{errors[row]:+.3g}",
            *(_cell(columns[each][row]) for each in shown),
        ]
        for row in np.argsort(-np.abs(errors), kind="stable")[:count].tolist()
    ]
    return PageTable("", ["row", "predicted", "true", name, *map(printable, shown)], rows)


def describe_worst_rows(
    predicted: Numbers,
    true: Numbers,
    columns: Mapping[str, Sequence[Any]],
    count: int = 10,
    max_columns: int = 12,
    step: int = 1,
) -> list[str]:
    """Describe the rows with the largest absolute error, the largest first.

    Args:
        predicted: ``[N]``.
        true: ``[N]``.
        columns: The rows' columns, by name; missing values are left out.
        count: Number of rows, at most.
        max_columns: Columns shown of a row, at most, the first ones.
        step: Of the test's rows these are every so many-th, from the first: as many as there are processes.

    Returns:
        Two lines for each row: prediction, target and error; its columns, or else its number from 1.
    """
    errors, name = relative_or_absolute(predicted, true)
    parts = []
    for row in np.argsort(-np.abs(errors), kind="stable")[:count].tolist():
        cells = [f"{column} {_short(values[row])}" for column, values in columns.items() if values[row] is not None]
        more = [f"and {len(cells) - max_columns} more"] if len(cells) > max_columns else []
        rest = ", ".join(cells[:max_columns] + more) or f"row {row * step + 1}"
        parts.append(f"predicted {predicted[row]:,.6g}, true {true[row]:,.6g} ({name} {errors[row]:+.3g})\n{rest}")
    return parts


class MostWrongRows(RegressionFigure):
    """Writes the rows of a test with the largest error.

    Needs ``test_step`` to return a dictionary with ``prediction`` and ``target`` (other tests are passed over); shows the columns
    that the data module's ``row_columns(tests_on)`` returns, where it has that. Errors are relative where all targets are
    positive.

    Args:
        folder: Folder of ``most_wrong.txt``, relative to ``trainer.default_root_dir``.
        count: Number of rows, at most.
        max_columns: Columns shown of a row, at most, the first ones; the table of predictions has all.

    Raises:
        MisconfigurationException: A number is below 1.

    Example:
        >>> import numpy as np
        >>> from practicum.callbacks import MostWrongRows
        >>> from practicum.callbacks.figures.regression.most_wrong_rows import describe_worst_rows
        >>> callback = MostWrongRows(count=1)  # Trainer(callbacks=[callback]) writes figures/most_wrong.txt after a test
        >>> predicted, true = np.array([10.0, 30.0]), np.array([10.0, 20.0])
        >>> print(*describe_worst_rows(predicted, true, {"shop": ["a", "b"]}, callback.count))
        predicted 30, true 20 (relative error +0.5)
        shop b
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures", count: int = 10, max_columns: int = 12) -> None:
        super().__init__(folder)
        if count < 1 or max_columns < 1:
            raise MisconfigurationException(f"MostWrongRows: count={count} and max_columns={max_columns} must be at least 1.")
        self.count, self.max_columns = count, max_columns

    def show(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        predicted: Numbers,
        true: Numbers,
        columns: dict[str, list[Any]],
    ) -> None:
        """Write them."""
        rows = describe_worst_rows(predicted, true, columns, self.count, self.max_columns, trainer.world_size)
        path = output_path(trainer, self.folder, "most_wrong.txt")
        self.write_list("\n\n".join(rows), path)
        table = worst_rows_table(predicted, true, columns, self.count, self.max_columns, trainer.world_size)
        left = len(_shown_columns(true, columns)) - self.max_columns
        caption = f"{_CAPTION} {left} more column{'s are' if left > 1 else ' is'} not shown." if left > 0 else _CAPTION
        save_tables(TableSheet("Largest errors", caption, [table]), path.with_suffix(".json"))


def _shown_columns(true: Numbers, columns: Mapping[str, Sequence[Any]]) -> list[str]:
    """The columns that say more than the target does, which stands beside them as ``true``, and that vary."""
    return [name for name, values in columns.items() if not _is_target(values, true) and _varies(values)]


def _varies(values: Sequence[Any]) -> bool:
    return len(values) < 2 or any(value != values[0] for value in values)


def _is_target(values: Sequence[Any], true: Numbers) -> bool:
    if not all(isinstance(value, int | float) for value in values):
        return False
    return len(values) > 0 and np.allclose(np.asarray(values, dtype=np.float64), true, rtol=1e-4)


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _cell(value: Any) -> str | None:
    return None if value is None else _short(value)
