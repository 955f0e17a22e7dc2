"""Top losses of tables: the rows whose number was predicted worst.

**What it shows.** Mistakes in the data, and what no column tells. ``figures/most_wrong.txt``, also on the page.

**Source.** fast.ai's ``plot_top_losses``.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ...run.atomic_file import atomic_write
from .regression_figure import Numbers, NumbersOfTest, relative_or_absolute


class MostWrongRows(NumbersOfTest):
    """Writes the rows of a test with the largest error; needs what :class:`.NumbersOfTest` does.

    Args:
        folder: Where ``most_wrong.txt`` goes.
        count: Rows, at most.
        most: Columns of a row that are shown, at most, the first; all are in the table of predictions.
    """

    def __init__(self, folder: str | os.PathLike[str], count: int = 10, most: int = 12) -> None:
        super().__init__(folder)
        self.count, self.most = count, most

    def show(self, predicted: Numbers, true: Numbers, columns: dict[str, list[Any]]) -> None:
        """Write them, worst first."""
        errors, name = relative_or_absolute(predicted, true)
        parts = []
        for row in np.argsort(-np.abs(errors), kind="stable")[: self.count].tolist():
            cells = [f"{column} {_short(values[row])}" for column, values in columns.items() if values[row] is not None]
            more = [f"and {len(cells) - self.most} more"] if len(cells) > self.most else []
            rest = ", ".join(cells[: self.most] + more)
            parts.append(
                f"said {predicted[row]:,.6g}, is {true[row]:,.6g} ({name} {errors[row]:+.3g})\n{rest or f'row {row + 1}'}\n"
            )
        with atomic_write(self.folder / "most_wrong.txt") as beside:
            beside.write_text("\n".join(parts), encoding="utf-8")


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
