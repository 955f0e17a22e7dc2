"""Rossmann Store Sales, from Kaggle's files to its submission."""

from __future__ import annotations

import dataclasses
import gzip
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.atomic_file import atomic_write
from .readers import require
from .rossmann_features import CALENDAR, columns, features, files, find, read_days
from .table import Table
from .table_cache import Recipe

_PAPER = ("Store", "DayOfWeek", "Promo", "Year", "Month", "Day", "State")  # Guo & Berkhahn 2016, table 1


class Rossmann(Table):
    """:class:`.Table` on the challenge's files: ``train.csv``, ``store.csv``, and where they are there ``test.csv``,
    ``store_states.csv``, ``weather/`` and ``googletrend/``; packed by gzip or not.

    Days on which a store was closed or sold nothing are left out: Kaggle did not count them.

    Args:
        root: Their folder.
        use: ``all`` features, or the seven of the ``paper``.
        options: Those of :class:`.Table`.

    Raises:
        MisconfigurationException: A file or a column is missing.
    """

    def __init__(self, root: str | None, use: Literal["all", "paper"] = "all", **options: Any) -> None:
        if root is None:
            raise MisconfigurationException("data.root is missing: the folder of Kaggle's files, data.root=FOLDER.")
        if use not in ("all", "paper"):
            raise MisconfigurationException(f"data.use={use}: choose all or paper.")
        super().__init__(root, target="Sales", kind="number", date="Date", date_parts=False, columns="named", **options)
        self.use = use

    own = ("experiment=rossmann", "data.root=KAGGLE_FILES")
    predicts = "test.csv"

    def files(self) -> dict[str, Path]:
        """All files of the challenge."""
        return {str(path.relative_to(self.root)): path for path in files(Path(self.root))}

    def fits(self) -> bool:
        """They do: a million rows."""
        return True

    def whole_recipe(self) -> Recipe:
        """With the features that the files allow."""
        categorical, continuous = columns(Path(self.root))
        if self.use == "paper":
            categorical, continuous = [name for name in categorical if name in _PAPER], []
        return dataclasses.replace(self.recipe, categorical=tuple(categorical), continuous=tuple(continuous))

    def read(self) -> pl.LazyFrame:
        """Features and sales of every day on which a store sold something."""
        root = Path(self.root)
        path = files(root)[0]
        days = read_days(path)
        require(path, days.columns, ["Sales"])
        return _features(root, days.filter((pl.col("Open") != 0) & (pl.col("Sales") > 0))).lazy()

    def setup(self, stage: str | None = None) -> None:
        """As :class:`.Table`'s; leaves in ``keep`` what features of new days are made from: a run needs nothing else."""
        super().setup(stage)
        if self.keep is None or self._new is not None or stage not in (None, "fit"):
            return
        days, *others = files(Path(self.root))
        for path in others:
            with atomic_write(self._kept / path.relative_to(self.root)) as beside:
                shutil.copyfile(path, beside)
        with atomic_write(self._kept / "train.csv.gz") as beside, gzip.open(beside, "wb", compresslevel=4) as file:
            file.write(read_days(days).select(CALENDAR).write_csv().encode())

    @property
    def _kept(self) -> Path:
        return Path(self.keep or "") / "rossmann"

    # Answers ----------------------------------------------------------------------------------------------------------

    def asked(self) -> Path | None:
        """The days that the challenge asks about, ``test.csv``; ``None`` if it is not there."""
        return find(Path(self.root), "test")

    def new_rows(self, source: str | os.PathLike[str] | Any) -> pl.LazyFrame:
        """Features of the days of ``test.csv``, or of a folder that holds it."""
        path = Path(source)
        found = find(path, "test") if path.is_dir() else path
        if found is None or not found.is_file():
            raise MisconfigurationException(f"input={source}: no such file; test.csv, or the folder that holds it, is wanted.")
        root = self._kept if find(self._kept, "train") is not None else Path(self.root)
        return _features(root, read_days(found)).lazy()

    def submission(self, table: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
        """``Id,Sales`` as Kaggle takes it: a closed store sells nothing.

        Raises:
            MisconfigurationException: The days have no ``Id``.
        """
        require("input", table, ["Id"])
        closed = [number == 0 for number in table["Open"]]
        sales = [0.0 if shut else number for shut, number in zip(closed, table["predicted"], strict=True)]
        return {"Id": table["Id"], "Sales": sales}


def _features(root: Path, days: pl.DataFrame) -> pl.DataFrame:
    """Features of days among all that are known of: these, past ones, and those that Kaggle asks about."""
    files(root)  # all that is needed is there
    known = [days, *(read_days(path) for name in ("train", "test") if (path := find(root, name)) is not None)]
    calendar = pl.concat([each.select(CALENDAR) for each in known], how="vertical_relaxed")
    return features(root, days, calendar)
