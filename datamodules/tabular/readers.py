"""Read tables into polars: CSV (also gzipped), TSV, Parquet, or a frame of polars or pandas.

Types are inferred from all rows, not from the first few, so that one word among a million numbers is reported with its row.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from practicum.lightning_shim import MisconfigurationException

MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"]
_ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".pq")
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%Y%m%d")
_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M")


def is_table(path: Path) -> bool:
    """Whether a file's name ends like that of a table."""
    return path.name.lower().endswith(_ENDINGS)


def read_table(path: Path, header: Sequence[str] | None = None) -> pl.LazyFrame:
    """Open a table lazily.

    Args:
        path: A CSV or TSV file, plain or gzipped, or a Parquet file.
        header: Column names of a CSV or TSV without a header line.

    Raises:
        MisconfigurationException: The file is missing, empty, or not what its name says.
    """
    if not path.is_file():
        raise MisconfigurationException(f"{path}: no such file.")
    if not is_table(path):
        raise MisconfigurationException(f"{path}: is not a supported table; supported are {', '.join(_ENDINGS)}.")
    name = path.name.lower()
    try:
        if name.endswith((".parquet", ".pq")):
            frame = pl.scan_parquet(path)
        else:
            separator = "\t" if ".tsv" in name else ","
            frame = pl.scan_csv(
                path,
                separator=separator,
                infer_schema_length=None,
                null_values=MISSING,
                has_header=header is None,
                new_columns=header,
            )
        if not frame.collect_schema().names():
            raise MisconfigurationException(f"{path}: is empty; a header and rows are needed.")
        return frame
    except pl.exceptions.NoDataError as error:
        raise MisconfigurationException(f"{path}: is empty; a header and rows are needed.") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise unreadable(path, error) from error


def unreadable(path: object, error: BaseException) -> MisconfigurationException:
    """Turn an error of polars into one sentence."""
    return MisconfigurationException(f"{path}: can't be read as a table: {str(error).splitlines()[0]}")


def as_lazy_frame(frame: Any) -> pl.LazyFrame:
    """Convert a polars or pandas frame to a lazy polars frame.

    Raises:
        MisconfigurationException: ``frame`` is something else.
    """
    if isinstance(frame, pl.LazyFrame):
        return frame
    if isinstance(frame, pl.DataFrame):
        return frame.lazy()
    if type(frame).__module__.partition(".")[0] == "pandas":
        columns = {str(name): frame[name] for name in frame.columns}
        return pl.DataFrame(
            {name: each.to_numpy() if each.dtype.kind in "iufbM" else each.astype(object).where(each.notna(), None).to_list()
             for name, each in columns.items()},
            strict=False, nan_to_null=True,
        ).lazy()  # fmt: skip
    raise MisconfigurationException(
        f"A {type(frame).__name__} is not a table; a path, or a frame of polars or pandas, is needed."
    )


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
        others = f" (nor {', '.join(missing[1:6])})" if missing[1:] else ""
        hint = f"did you mean {near[0]!r}?" if near else f"its columns are {', '.join(names[:20])}."
        raise MisconfigurationException(f"{where}: has no column {missing[0]!r}{others}; {hint}")


def as_number(values: pl.Series, where: object) -> pl.Series:
    """Convert a column to ``Float64``; NaN and infinity become null.

    Args:
        values: Numbers, booleans, or strings that are numbers.
        where: The table, for the message.

    Raises:
        MisconfigurationException: A string is not a number; the message names its row.
    """
    if values.dtype == pl.String:
        numbers = values.str.strip_chars().cast(pl.Float64, strict=False)
        bad = (numbers.is_null() & values.is_not_null()).arg_true()
        if len(bad):
            raise MisconfigurationException(
                f"{where}: column {values.name!r} should be a number, but row {bad[0] + 1:,} holds {values[bad[0]]!r}"
                f"{f' (and {len(bad) - 1:,} more rows)' if len(bad) > 1 else ''}; correct it, or list the column in the option "
                "categorical."
            )
    elif values.dtype.is_numeric() or values.dtype == pl.Boolean:
        numbers = values.cast(pl.Float64)
    else:
        raise MisconfigurationException(f"{where}: column {values.name!r} is a {values.dtype}, not a number.")
    return numbers.set(~numbers.is_finite().fill_null(True), None)


def as_date(values: pl.Series, where: object) -> pl.Series:
    """Convert a column to ``Date``, or to ``Datetime`` if it has times of day.

    Args:
        values: Dates, or strings or integers (``20260131``) in one common format.
        where: The table, for the message.

    Raises:
        MisconfigurationException: The values don't share a format; the message names the first row that differs.
    """
    if values.dtype in (pl.Date, pl.Datetime):
        return values
    if values.dtype.is_integer():
        values = values.cast(pl.String)
    if values.dtype != pl.String:
        raise MisconfigurationException(f"{where}: column {values.name!r} is a {values.dtype}, not a date.")
    present = values.is_not_null().sum()
    best, most = None, -1
    for form in (*_DATES, *_TIMES):
        kind = pl.Date if form in _DATES else pl.Datetime
        parsed = values.str.strptime(kind, form, strict=False)
        count = int(parsed.is_not_null().sum())
        if count > most:
            best, most, chosen = parsed, count, form
        if count == present:
            return parsed
    assert best is not None
    row = (best.is_null() & values.is_not_null()).arg_true()[0]
    found = f"it reads as {chosen} but row {row + 1:,} does not" if most else f"row {row + 1:,} is not one"
    raise MisconfigurationException(
        f"{where}: column {values.name!r} should be a date: {found} ({values[row]!r}); write all dates in the same format, "
        "preferably 2026-01-31."
    )
