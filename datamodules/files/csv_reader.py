"""Read a table of text (CSV, TSV, gzipped or not): as strings, as typed columns, or row by row.

One reader for photos' labels, texts, tables and ratings. :mod:`.csv_format` finds how the file is written, :mod:`.csv_structure`
checks its rows, polars reads it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from .csv_files import refuse_patterns
from .csv_format import CSVFormat, detect_format
from .csv_numbers import MISSING, without_marks
from .csv_source import TextBytes, read_source
from .csv_structure import Rows, check_rows, iter_records
from .csv_typed import typed
from .field_edges import has_blanks, has_padding
from .quoting import did_you_mean, listed, quoted

ENDINGS = (".csv", ".tsv", ".tab", ".csv.gz", ".tsv.gz", ".tab.gz")


def is_text_table(path: Path) -> bool:
    """Whether a file's name ends like that of a table of text, in upper or lower case."""
    return path.name.lower().endswith(ENDINGS)


def read_text_table(
    path: str | PathLike[str],
    format: CSVFormat | None = None,
    columns: Sequence[str] | None = None,
    missing: Sequence[str] = MISSING,
    strip: bool = True,
    line_column: str | None = None,
    names: Sequence[str] | None = None,
) -> pl.DataFrame:
    r"""Read a table as strings.

    Args:
        path: The file.
        format: How it is written; ``None``: it is detected.
        columns: Columns to read, in this order; ``None``: all.
        missing: What stands for a missing value, which becomes null.
        strip: Remove blanks around fields.
        line_column: Name of a column to add that holds each row's line number.
        names: Column names of a file without a header.

    Raises:
        MisconfigurationException: The file is missing, empty or no text, or lacks a column; a row has more or fewer fields than
            the header, or a quote isn't closed, by its line number.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from practicum.datamodules.files.csv_reader import read_text_table
        >>> table = Path(tempfile.mkdtemp()) / "cities.csv"
        >>> _ = table.write_text("zip, city\n01234, Dalton\nK1A, ?\n")
        >>> read_text_table(table).rows()
        [('01234', 'Dalton'), ('K1A', None)]
    """
    source, form, rows = open_table(path, format, names)
    frame = _scan(source, form, rows, infer_schema=False).collect()
    if strip:
        frame = frame.with_columns(pl.all().str.strip_chars())
    if missing:
        frame = frame.with_columns(pl.when(~pl.col(name).is_in(list(missing))).then(pl.col(name)) for name in frame.columns)
    if columns is not None:
        absent = next((name for name in columns if name not in frame.columns), None)
        if absent is not None:
            raise MisconfigurationException(
                f"{path}: has no column {quoted(absent)}; its columns are {listed(frame.columns, 20)}"
                f"{did_you_mean(absent, frame.columns)}"
            )
        frame = frame.select(columns)
    return frame if line_column is None else frame.with_columns(pl.Series(line_column, rows.lines))


def read_rows(
    path: str | PathLike[str], format: CSVFormat | None = None
) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """Read a table row by row: the file may be larger than memory.

    Args:
        path: The file.
        format: How it is written; ``None``: it is detected.

    Returns:
        The column names; and line number and fields by column of each row, as they are written, with blanks around them.

    Raises:
        MisconfigurationException: As of :func:`read_text_table`, before the first row.
    """
    source, form, rows = open_table(path, format)
    records = iter_records(source, form, rows)
    return rows.names, ((line, dict(zip(rows.names, record, strict=True))) for line, record in records)


def read_table(
    path: str | PathLike[str],
    format: CSVFormat | None = None,
    names: Sequence[str] | None = None,
    text: Sequence[str] = (),
) -> pl.LazyFrame:
    """Read a table with a type for each column, inferred from all rows.

    Numbers and booleans are recognized as polars does, and besides those with blanks, a decimal comma or a sign between
    thousands. Columns of whole numbers with leading zeros (``01234``) or beyond 64 bits are codes and stay strings. Blanks
    around strings are removed; :attr:`.CSVFormat.missing` becomes null.

    Args:
        path: The file.
        format: How it is written; ``None``: it is detected. Columns with another decimal sign are added to its ``decimals``.
        names: Column names of a file without a header.
        text: Columns that stay strings.

    Raises:
        MisconfigurationException: As of :func:`read_text_table`.
    """
    source, form, rows = open_table(path, format, names)
    kept = [name for name in rows.names if name in text]
    signs = (form.decimal, form.thousands)
    if form.decimal != "." or form.thousands == ".":  # polars would read 1.299 as a fraction
        whole_text = _scan(source, form, rows, infer_schema=False)
        typed_text = typed(whole_text, rows.names, kept, signs, True, path, rows.lines, form.missing, form.decimals)
        return without_marks(typed_text, form.na_values)
    options: dict[str, Any] = {"null_values": list(form.missing)}
    schema = dict(_scan(source, form, rows, infer_schema_length=None, **options).collect_schema())
    codes = [name for name, kind in schema.items() if kind == pl.Int128]
    whole = [name for name, kind in schema.items() if kind.is_integer() and name not in (*codes, *kept)]
    if whole and has_padding(source.data, source.start):
        padded = pl.col(whole).str.contains(r"^\s*[-+]?0\d").any()
        found = _scan(source, form, rows, infer_schema=False).select(padded).collect().row(0)
        codes += [name for name, each in zip(whole, found, strict=True) if each]
    kept += codes
    schema |= dict.fromkeys(kept, pl.String())
    frame = _scan(source, form, rows, schema, infer_schema=False, **options)  # inferring took as long as reading
    strings = [name for name, kind in schema.items() if kind == pl.String]
    blanks = bool(strings) and (len(form.delimiter.encode()) > 1 or has_blanks(source.data, source.start, form.delimiter))
    frame = typed(frame, strings, kept, signs, blanks, path, rows.lines, form.missing, form.decimals)
    return without_marks(frame, form.na_values)


def open_table(
    path: str | PathLike[str], format: CSVFormat | None = None, names: Sequence[str] | None = None
) -> tuple[TextBytes, CSVFormat, Rows]:
    """Detect a table's format where it isn't given, and check its rows; see :func:`.check_rows`."""
    path = Path(path)
    if format is None:
        format = detect_format(path, header=None if names is None else False)
    source = read_source(path, format.encoding)
    rows = check_rows(source, format)
    if names is not None:
        if len(names) != len(rows.names):
            raise MisconfigurationException(f"{path}: has {len(rows.names)} columns, but the option header names {len(names)}.")
        rows.names = list(names)
    return source, format, rows


def _scan(
    source: TextBytes, form: CSVFormat, rows: Rows, types: Mapping[str, pl.DataType] | None = None, **options: Any
) -> pl.LazyFrame:
    """Open a checked table with polars; a plain file by its path, so that it is read lazily."""
    refuse_patterns(source.path, rows.names)
    place: Path | io.BytesIO = source.path
    header = form.header
    if rows.rewritten is not None:
        place, header = io.BytesIO(rows.rewritten), True
        options |= {"separator": ",", "quote_char": '"'}
    else:
        if not source.is_plain:
            place = io.BytesIO(source.data[source.start :])
        options |= {"separator": form.delimiter, "quote_char": form.quote}
    if rows.blank_end:
        options["n_rows"] = len(rows)
    raw = pl.scan_csv(place, has_header=header, **{**options, "infer_schema": False}).collect_schema().names()
    overrides = None if types is None else {before: types[after] for before, after in zip(raw, rows.names, strict=True)}
    frame = pl.scan_csv(place, has_header=header, schema_overrides=overrides, **options)
    return frame if raw == rows.names else frame.rename(dict(zip(raw, rows.names, strict=True)))
