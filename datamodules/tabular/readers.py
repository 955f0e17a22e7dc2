"""Read tables into polars: tables of text (:mod:`practicum.datamodules.files`), Parquet, frames of polars or pandas.

Types are inferred from all rows, not from the first few, so that one word among a million numbers is reported with its row.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files import csv_reader
from ..files.csv_files import refuse_patterns
from ..files.csv_format import CSVFormat
from ..files.csv_numbers import MINUS
from ..files.csv_structure import is_unnamed
from ..files.quoting import listed, plain, quoted
from ..files.say_once import say_once
from .date_formats import find_format, parse_dates

_PARQUET = (".parquet", ".pq")
# What polars raises on damaged files; a panic of its Rust code is no Exception.
POLARS_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
AS_CATEGORY = ", or name the column in the option categorical"
_LARGEST = 3.4028e38  # a float32 holds no more


def is_table(path: Path) -> bool:
    """Whether a file's name ends like that of a table."""
    return is_parquet(path) or csv_reader.is_text_table(path)


def is_parquet(path: Path) -> bool:
    """Whether a file's name ends like that of a Parquet file."""
    return path.name.lower().endswith(_PARQUET)


def check_table(path: Path) -> None:
    """Check that a file exists and that its name ends like that of a table.

    Raises:
        MisconfigurationException: It does not.
    """
    if not path.is_file():
        what = "is a folder; name a table in it" if path.is_dir() else "no such file"
        raise MisconfigurationException(f"{path}: {what}.")
    if not is_table(path):
        supported = ", ".join((*csv_reader.ENDINGS, *_PARQUET))
        raise MisconfigurationException(f"{path}: is not a supported table; supported are {supported}.")


def read_table(
    path: Path, header: Sequence[str] | None = None, csv: CSVFormat | None = None, text: Sequence[str] = ()
) -> pl.LazyFrame:
    """Open a table lazily.

    Args:
        path: A table of text, plain or gzipped, or a Parquet file.
        header: Column names of a table of text without a header line.
        csv: How a table of text is written; ``None``: it is detected.
        text: Columns of a table of text that stay strings, whatever they hold.

    Raises:
        MisconfigurationException: The file is missing, empty, damaged, or not what its name says.
    """
    check_table(path)
    try:
        if not is_parquet(path):
            return csv_reader.read_table(path, csv, header, text)
        frame = pl.scan_parquet(path)
        if not frame.collect_schema().names():
            raise MisconfigurationException(f"{path}: is empty; a header and rows are needed.")
        refuse_patterns(path, frame.collect_schema().names())
        return frame
    except pl.exceptions.NoDataError as error:
        raise MisconfigurationException(f"{path}: is empty; a header and rows are needed.") from error
    except (*POLARS_ERRORS, OSError) as error:
        raise unreadable(path, error) from error


def unreadable(path: object, error: BaseException) -> MisconfigurationException:
    """Turn an error of polars into one sentence."""
    reason = plain((str(error).splitlines() or [type(error).__name__])[0], 300)
    return MisconfigurationException(f"{path}: can't be read as a table: {reason}")


def as_lazy_frame(frame: Any) -> pl.LazyFrame:
    """Convert a polars or pandas frame to a lazy polars frame.

    Raises:
        MisconfigurationException: ``frame`` is something else, or has a column that polars takes for several.
    """
    lazy = _as_lazy_frame(frame)
    refuse_patterns(f"{type(frame).__name__}", lazy.collect_schema().names())
    return lazy


def _as_lazy_frame(frame: Any) -> pl.LazyFrame:
    if isinstance(frame, pl.LazyFrame):
        return frame
    if isinstance(frame, pl.DataFrame):
        return frame.lazy()
    if type(frame).__module__.partition(".")[0] == "pandas":
        return _from_pandas(frame).lazy()
    raise MisconfigurationException(
        f"A {type(frame).__name__} is not a table; a path, or a frame of polars or pandas, is needed."
    )


def _from_pandas(frame: Any) -> pl.DataFrame:
    """A frame of pandas; columns of its extension types (nullable ones, dates with a time zone, categories) by their values."""
    names = [str(name) for name in frame.columns]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise MisconfigurationException(f"DataFrame: has the column {quoted(twice)} twice; rename one of them.")
    columns = {}
    for place, name in enumerate(names):
        each = frame.iloc[:, place]
        plain_type = isinstance(each.dtype, np.dtype) and each.dtype.kind in "iufbM"
        if plain_type and each.dtype.kind == "M" and np.datetime_data(each.dtype)[0] == "s":
            each = each.astype("datetime64[us]")  # polars has no whole seconds
        columns[name] = each.to_numpy() if plain_type else each.astype(object).where(each.notna(), None).to_list()
    return pl.DataFrame(columns, strict=False, nan_to_null=True)


def require_columns(where: object, names: Iterable[str], wanted: Iterable[str]) -> None:
    """Check that a table has the columns it needs.

    Args:
        where: The table, for the message.
        names: Its columns.
        wanted: The columns it needs.

    Raises:
        MisconfigurationException: A column is missing; the message names the most similar one.
    """
    names = list(names)
    missing = [each for each in wanted if each not in names]
    if missing:
        near = difflib.get_close_matches(missing[0], names, n=1)
        others = f" (nor {listed(missing[1:6])})" if missing[1:] else ""
        named = [each for each in names if not is_unnamed(each)]
        hint = f"did you mean {quoted(near[0])}?" if near else f"its columns are {listed(named, 20)}."
        if len(names) == 1 and not near and csv_reader.is_text_table(Path(str(where))):
            hint = (
                f"its only column is {quoted(names[0])}; if that is a title, delete the lines above the names of the columns; "
                "otherwise name what separates its fields in csv_format.delimiter."
            )
        if len(named) < len(names) and not near:
            hint = (
                f"its first line names {len(named)} of {len(names)} columns ({listed(named, 20)}); if that is a title, delete "
                "the lines above the names of the columns."
            )
        raise MisconfigurationException(f"{where}: has no column {quoted(missing[0])}{others}; {hint}")


def as_number(values: pl.Series, where: object, advice: str = "") -> pl.Series:
    """Convert a column to ``Float64``; NaN, infinity and what is larger than a float32 become null.

    Args:
        values: Numbers, booleans, or strings that are numbers.
        where: The table, for the message.
        advice: What else can be done about it, such as :data:`AS_CATEGORY`.

    Raises:
        MisconfigurationException: A string is not a number; the message names its row.
    """
    if values.dtype == pl.String and _truth(values):  # new rows are read as texts; training read yes and no
        numbers = (values.str.strip_chars().str.to_lowercase() == "true").cast(pl.Float64)
    elif values.dtype == pl.String:
        numbers = values.str.strip_chars().str.replace(MINUS, "-", literal=True).cast(pl.Float64, strict=False)
        bad = (numbers.is_null() & values.is_not_null()).arg_true()
        if len(bad):
            raise MisconfigurationException(
                f"{where}: column {quoted(values.name)} should be a number, but row {bad[0] + 1:,} holds {quoted(values[bad[0]])}"
                f"{f' (and {len(bad) - 1:,} more rows)' if len(bad) > 1 else ''}; correct it, or leave it blank{advice}."
            )
    elif values.dtype.is_numeric() or values.dtype == pl.Boolean:
        numbers = values.cast(pl.Float64)
    else:
        raise MisconfigurationException(f"{where}: column {quoted(values.name)} has type {values.dtype}, not a number.")
    return numbers.set(~(numbers.abs() <= _LARGEST).fill_null(True), None)


def _truth(values: pl.Series) -> bool:
    """Whether a column of texts holds truth values alone."""
    written = values.drop_nulls()
    return len(written) > 0 and bool(written.str.strip_chars().str.to_lowercase().is_in(["true", "false"]).all())


def as_date(values: pl.Series, where: object) -> pl.Series:
    """Convert a column to ``Date``, or to ``Datetime`` if it has times of day; what is guessed is a warning.

    Args:
        values: Dates, or strings or numbers (``20260131``) in one common format, see :mod:`.date_formats`.
        where: The table, for messages.

    Raises:
        MisconfigurationException: The values don't share a format; the message names the first row that differs.
    """
    form, guesses = find_format(values, where)
    for each in guesses:
        say_once(each)
    return parse_dates(values, form, where)
