"""Rossmann Store Sales: from Kaggle's files to a submission."""

from __future__ import annotations

import dataclasses
import gzip
import logging
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.atomic_file import atomic_write
from ..loading.inputs import each_input
from .new_rows import NewRows, TableSource, collect_rows, encode_rows, source_name
from .readers import require_columns
from .rossmann_features import add_features, feature_columns
from .rossmann_files import CALENDAR, find_file, list_files, read_days
from .row_batches import RowBatches
from .row_targets import row_targets
from .source_table import SourceTable
from .splits import SplitStrategy
from .table import Table
from .table_config import TableConfig

log = logging.getLogger(__name__)

_PAPER = ("Store", "DayOfWeek", "Promo", "Year", "Month", "Day", "State")  # Guo & Berkhahn 2016, table 1

_FIXED = frozenset({"target", "kind", "date", "date_parts", "columns"})  # options of Table


class Rossmann(Table):
    r""":class:`.Table` of the challenge's files: ``train.csv`` and ``store.csv``, and if they exist ``test.csv``,
    ``store_states.csv``, ``weather/`` and ``googletrend/``; each plain or gzipped.

    Days on which a store was closed or sold nothing are left out, as Kaggle doesn't count them.

    Args:
        root: Folder of the files.
        features: ``all``, or the seven columns of the ``paper``.
        split: ``time``, or another of :class:`.Table`'s.
        valid_fraction: Fraction of the rows for validation, if ``valid_days`` is ``None``.
        test_fraction: Fraction of the rows for a test; the challenge's own has no sales.
        valid_days: Days at the end to validate on.
        options: Others of :class:`.Table`.

    Raises:
        MisconfigurationException: A file or a column is missing, or an option is one that the files fix.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from practicum.datamodules import Rossmann
        >>> root = Path(tempfile.mkdtemp())
        >>> sales = ["Store,DayOfWeek,Date,Sales,Open,Promo,StateHoliday,SchoolHoliday"]
        >>> for day in range(84):
        ...     date = f"2015-0{day // 28 + 1}-{day % 28 + 1:02}"
        ...     sales += [f"{store},{day % 7 + 1},{date},{100 * store + day},1,{day % 2},0,0" for store in (1, 2)]
        >>> _ = (root / "train.csv").write_text("\n".join(sales))
        >>> columns = (
        ...     "Store,StoreType,Assortment,CompetitionDistance,CompetitionOpenSinceMonth,CompetitionOpenSinceYear,"
        ...     "Promo2,Promo2SinceWeek,Promo2SinceYear,PromoInterval"
        ... )
        >>> stores = ["1,a,a,500,9,2008,0,,,", '2,c,a,70,4,2009,1,13,2010,"Jan,Apr,Jul,Oct"']
        >>> _ = (root / "store.csv").write_text("\n".join([columns, *stores]))
        >>> data = Rossmann(root, features="paper", valid_days=14, cache=tempfile.mkdtemp())
        >>> data.setup("fit")
        >>> list(data.describe()["categories"])
        ['Store', 'DayOfWeek', 'Promo', 'Month', 'Day']
        >>> data.provenance["train"], data.provenance["valid"]
        (140, 28)
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None,
        features: Literal["all", "paper"] = "all",
        split: SplitStrategy = "time",
        valid_fraction: float = 0.1,
        test_fraction: float = 0.0,
        valid_days: int | None = 42,
        **options: Any,
    ) -> None:
        if root is None:
            raise MisconfigurationException(f"{type(self).__name__}: root is missing; it is the folder of Kaggle's files.")
        if features not in ("all", "paper"):
            raise MisconfigurationException(f"{type(self).__name__}: features={features} must be all or paper.")
        if fixed := sorted(_FIXED & {*options}):
            raise MisconfigurationException(
                f"{type(self).__name__}: {fixed[0]}={options[fixed[0]]} can't be chosen here, the challenge's files fix it; "
                "experiment=rossmann and experiment=stores are the recipes for them."
            )
        super().__init__(
            root,
            target="Sales",
            kind="number",
            date="Date",
            date_parts=False,
            columns="named",
            split=split,
            valid_fraction=valid_fraction,
            test_fraction=test_fraction,
            valid_days=valid_days,
            **options,
        )
        self.folder, self.features = Path(root), features

    def files(self) -> dict[str, Path]:
        """All files of the challenge, by their path in its folder."""
        return {str(path.relative_to(self.folder)): path for path in list_files(self.folder)}

    def fits(self) -> bool:
        """Always true: the challenge's million rows fit in memory."""
        return True

    def table_config(self) -> TableConfig:
        """The configuration with the features that the files allow."""
        categorical, continuous = feature_columns(self.folder)
        if self.features == "paper":
            categorical, continuous = [name for name in categorical if name in _PAPER], []
        return dataclasses.replace(self.config, categorical=tuple(categorical), continuous=tuple(continuous))

    def source_table(self) -> SourceTable:
        """Features and sales of every day on which a store sold something."""
        path = list_files(self.folder)[0]
        days = read_days(path)
        require_columns(path, days.columns, ["Sales"])
        return SourceTable(_with_features(self.folder, days.filter((pl.col("Open") != 0) & (pl.col("Sales") > 0))).lazy())

    def setup(self, stage: str | None = None) -> None:
        """Open the arrays; before a fit also copy to ``artifacts_dir`` what the features of new days are computed from."""
        super().setup(stage)
        kept = self._kept_files
        if kept is None or stage not in (None, "fit"):
            return
        days, *others = list_files(self.folder)
        for path in others:
            with atomic_write(kept / path.relative_to(self.folder)) as beside:
                shutil.copyfile(path, beside)
        with atomic_write(kept / "train.csv.gz") as beside, gzip.open(beside, "wb", compresslevel=4) as file:
            file.write(read_days(days).select(CALENDAR).write_csv().encode())

    @property
    def _kept_files(self) -> Path | None:
        return None if self.artifacts_dir is None else self.artifacts_dir / "rossmann"

    # Prediction -------------------------------------------------------------------------------------------------------

    def test_inputs(self) -> Path | None:
        """The challenge's ``test.csv``; ``None`` if it is not there."""
        return find_file(self.folder, "test")

    def for_prediction(self, source: TableSource | Sequence[TableSource]) -> NewDays:
        """New days as a data module of their own.

        Args:
            source: ``test.csv``, or the folder that holds it; or several.

        Raises:
            MisconfigurationException: There is no such file, or it lacks a column.
        """
        return self._serve(self._days(source), source)

    def for_scoring(self, source: TableSource | Sequence[TableSource], classes: Sequence[str] = ()) -> NewDays:
        """As :meth:`for_prediction`, of the days that count, with their sales as ``targets``.

        Args:
            source: As for :meth:`for_prediction`, with a column ``Sales``.
            classes: Not needed.

        Raises:
            MisconfigurationException: The column is missing, a day lacks its sales, or nothing was sold on any.
        """
        where, days = source_name(source), self._days(source)
        require_columns(where, days.columns, ["Sales"])
        counted = days.filter((pl.col("Open") != 0) & (pl.col("Sales").is_null() | (pl.col("Sales") > 0)))
        if not len(counted):
            raise MisconfigurationException(
                f"{where}: no store sold anything on any of these days, so there is nothing to measure."
            )
        if left := len(days) - len(counted):
            log.info(f"{where}: {left:,} days on which a store was closed or sold nothing are left out, as in training.")
        new = self._serve(counted, source)
        new.targets = row_targets(new.plain, self.steps(), where)
        return new

    def _days(self, source: TableSource | Sequence[TableSource]) -> pl.DataFrame:
        return pl.concat([collect_rows(each, self._new_days) for each in each_input(source)], how="diagonal_relaxed")

    def _serve(self, days: pl.DataFrame, source: TableSource | Sequence[TableSource]) -> NewDays:
        codes, numbers, targets = encode_rows(days, self.steps(), source_name(source))
        return NewDays(days, RowBatches([codes, numbers], targets, batch_size=4 * (self.batch_size or 1024)))

    def _new_days(self, source: TableSource) -> pl.LazyFrame:
        if not isinstance(source, str | os.PathLike):
            raise MisconfigurationException(
                "the new rows: days of stores are read from a file in the form of test.csv, not a frame."
            )
        path = Path(source)
        found = find_file(path, "test") if path.is_dir() else path
        if found is None or not found.is_file():
            raise MisconfigurationException(f"{source}: no such file; test.csv, or the folder that holds it, is needed.")
        kept = self._kept_files
        root = kept if kept is not None and find_file(kept, "train") is not None else self.folder
        return _with_features(root, read_days(found)).lazy()

    def submission_columns(self, table: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """See :func:`submission_columns`."""
        return submission_columns(table)


class NewDays(NewRows):
    """Days to predict, see :meth:`Rossmann.for_prediction`."""

    def submission_columns(self, table: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """See :func:`submission_columns`."""
        return submission_columns(table)


def submission_columns(table: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Convert predictions to Kaggle's ``Id,Sales``; a closed store sells nothing.

    Args:
        table: Columns ``Id``, ``Open`` and ``predicted``.

    Raises:
        MisconfigurationException: The days have no ``Id``.

    Example:
        >>> from practicum.datamodules.tabular.rossmann import submission_columns
        >>> submission_columns({"Id": [1, 2], "Open": [1, 0], "predicted": [99.0, 50.0]})
        {'Id': [1, 2], 'Sales': [99.0, 0.0]}
    """
    require_columns("The table of predictions", table, ["Id"])
    closed = [number == 0 for number in table["Open"]]
    sales = [0.0 if shut else number for shut, number in zip(closed, table["predicted"], strict=True)]
    return {"Id": table["Id"], "Sales": sales}


def _with_features(root: Path, days: pl.DataFrame) -> pl.DataFrame:
    """Features of days, given all that are known of: these, past ones, and those of Kaggle's test."""
    list_files(root)  # raises if a file is missing
    known = [days, *(read_days(path) for name in ("train", "test") if (path := find_file(root, name)) is not None)]
    calendar = pl.concat([each.select(CALENDAR) for each in known], how="vertical_relaxed")
    return add_features(root, days, calendar)
