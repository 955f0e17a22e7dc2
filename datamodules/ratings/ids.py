"""Find users and items by their ids, however these are written: one look-up for pairs, folding in, lists and neighbours.

**What it does.** Ids that training read as texts are themselves: ``001`` is not ``1``. Ids that it read as numbers are those
numbers: ``1``, ``1.0`` (as pandas writes them) and ``"1"`` are the same, ``01`` is none of them.

**When to use it.** Wherever an id comes from outside: a file of new ratings, a command line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ..tabular.categories import CategoricalColumn
from ..tabular.new_rows import RowsAsRead, TableSource, read_new_rows
from ..tabular.preprocessor import TablePreprocessor


def normalize_ids(values: pl.Series | Sequence[Any], column: CategoricalColumn) -> list[str | None]:
    """Spell ids as training did.

    Args:
        values: Ids: texts or numbers.
        column: The fitted column of users or items.

    Returns:
        Of each id the spelling in training; ``None`` if training had no such id.

    Example:
        >>> from practicum.datamodules.ratings.ids import normalize_ids
        >>> from practicum.datamodules.tabular.categories import CategoricalColumn
        >>> normalize_ids([1, "1.0", "2", "01"], CategoricalColumn("Float64", ["1.0", "2.0"]))
        ['1.0', '1.0', '2.0', None]
    """
    return [None if row < 0 else column.categories[row] for row in id_rows(values, column)]


def id_rows(values: pl.Series | Sequence[Any], column: CategoricalColumn) -> list[int]:
    """Rows of ids, counted from 0.

    Args:
        values: Ids: texts or numbers.
        column: The fitted column of users or items.

    Returns:
        Of each id its position among the column's categories; -1 if training had no such id.
    """
    if not isinstance(values, pl.Series):
        values = pl.Series([None if each is None else str(each) for each in values], dtype=pl.String)
    return (column.encode(values) - 1).to_list()


class RunIds:
    """The users and items of a run, read from its ``steps.json``.

    Args:
        folder: The run's folder of artifacts.

    Attributes:
        steps: The run's preprocessing.

    Raises:
        MisconfigurationException: There is no such file, or it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.steps = TablePreprocessor.from_json(folder / "steps.json")

    def rows(self, column: str, values: pl.Series | Sequence[Any]) -> list[int]:
        """Rows of the ids of a column (that of users or of items), see :func:`id_rows`."""
        return id_rows(values, self.steps.categorical[column])

    def names(self, column: str, values: pl.Series | Sequence[Any]) -> list[str | None]:
        """Ids of a column as training spelt them, see :func:`normalize_ids`."""
        return normalize_ids(values, self.steps.categorical[column])

    def read(
        self,
        source: TableSource,
        told: Mapping[str, Any] | None = None,
        rating: str | None = None,
        header: Sequence[str] | None = None,
    ) -> RowsAsRead:
        """Read new ratings or pairs in the format of the training table; ids stay as they are written.

        Args:
            source: A file, or a frame of polars or pandas.
            told: The option ``csv_format``.
            rating: Column of ratings, if there is one.
            header: Column names that training's file was given in place of a header line.

        Raises:
            MisconfigurationException: It can't be read, or is empty.
        """
        return read_new_rows(source, self.steps, told, header, [] if rating is None else [rating])
