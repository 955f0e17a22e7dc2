"""The files of Kaggle's Rossmann Store Sales, plain or gzipped."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from .readers import POLARS_ERRORS, as_date, require_columns, unreadable

CALENDAR = ("Store", "DayOfWeek", "Date", "Open", "Promo", "StateHoliday", "SchoolHoliday")


def find_file(root: Path, name: str) -> Path | None:
    """The path of ``name.csv`` or ``name.csv.gz``; ``None`` if there is neither."""
    return next((each for each in (root / f"{name}.csv", root / f"{name}.csv.gz") if each.is_file()), None)


def list_files(root: Path) -> list[Path]:
    """All files of the challenge that are read, ``train`` first and ``store`` second.

    Raises:
        MisconfigurationException: One of these two is missing.
    """
    found = []
    for name in ("train", "store"):
        path = find_file(root, name)
        if path is None:
            held = ", ".join(sorted(each.name for each in root.iterdir())[:8]) if root.is_dir() else "nothing"
            raise MisconfigurationException(
                f"{root}: has no {name}.csv or {name}.csv.gz (it holds {held or 'nothing'}); download the files by `kaggle "
                "competitions download -c rossmann-store-sales` and unpack them."
            )
        found.append(path)
    more = [path for name in ("test", "store_states") if (path := find_file(root, name)) is not None]
    return found + more + sorted([*root.glob("weather/*.csv"), *root.glob("googletrend/*.csv")])


def read_days(path: Path) -> pl.DataFrame:
    """Read ``train.csv`` or ``test.csv``, which have a row for each store and day.

    Raises:
        MisconfigurationException: It is not such a file.
    """
    try:
        frame = pl.read_csv(path, schema_overrides={"StateHoliday": pl.String}, infer_schema_length=10_000)
    except POLARS_ERRORS as error:
        raise unreadable(path, error) from error
    require_columns(path, frame.columns, CALENDAR)
    date = as_date(frame["Date"], path)
    # In Kaggle's test a few days of one store have no value.
    return frame.with_columns(date.alias("Date"), pl.col("Open").fill_null(1))
