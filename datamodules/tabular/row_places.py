"""Where a row of a table stands: its file and the row in it, where each split has a file of its own.

**When to use it.** For messages on a row: the files are one table by then, whose row 401 is row 1 of the test's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from .readers import as_number


@dataclass(frozen=True)
class RowPlaces:
    """The files of a table and their rows, in its order.

    Attributes:
        where: The table.
        rows: Number of rows by file; empty: it is one file, or a frame.

    Example:
        >>> from practicum.datamodules.tabular.row_places import RowPlaces
        >>> RowPlaces("shop", {"shop/train.csv": 400, "shop/test.csv": 200}).of(400)
        ('shop/test.csv', 1)
    """

    where: object
    rows: Mapping[str, int]

    def of(self, row: int) -> tuple[object, int]:
        """File and number of a row, the latter counted from 1.

        Args:
            row: In the whole table, counted from 0.
        """
        start = 0
        for path, count in self.rows.items():
            if row < start + count:
                return path, row - start + 1
            start += count
        return self.where, row + 1

    def as_number(self, values: pl.Series, advice: str = "") -> pl.Series:
        """A whole column as numbers, see :func:`.as_number`: what is none is named by its file.

        Args:
            values: The column.
            advice: What else can be done about it.

        Raises:
            MisconfigurationException: A string is not a number.
        """
        if not self.rows:
            return as_number(values, self.where, advice)
        parts, start = [], 0
        for path, count in self.rows.items():
            parts.append(as_number(values.slice(start, count), path, advice))
            start += count
        return pl.concat(parts)


def row_places(frame: pl.LazyFrame, files: Mapping[str, str], split_column: str, where: object) -> RowPlaces:
    """Count the rows of a table's files.

    Args:
        frame: The table: the rows of one file after those of another.
        files: Each file by its split; empty: there is one.
        split_column: Column of the table that names the split.
        where: The table, for messages.
    """
    if not files:
        return RowPlaces(where, {})
    counts = frame.group_by(split_column, maintain_order=True).len().collect()
    return RowPlaces(where, {files[split]: count for split, count in counts.rows()})
