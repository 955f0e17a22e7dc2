"""CSV files: opened, checked for their columns, and written atomically."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from practicum.lightning_shim import MisconfigurationException

from .atomic_file import atomic_write
from .quoting import did_you_mean, listed, quoted


@contextmanager
def open_table(table: Path) -> Iterator[TextIO]:
    """A CSV opened for reading.

    Raises:
        MisconfigurationException: It is not UTF-8.
    """
    try:
        with open(table, newline="", encoding="utf-8-sig") as file:
            yield file
    except UnicodeDecodeError as error:
        raise MisconfigurationException(f"{table}: is not UTF-8 (byte {error.start}); save it as UTF-8.") from error


def require_columns(table: Path, header: Sequence[str] | None, columns: Mapping[str, str | None]) -> None:
    """Raise if a CSV lacks a column; the message names the most similar one.

    Args:
        table: The CSV, for the message.
        header: Its columns.
        columns: Required columns by what they hold (``file``: set by the option ``file_column``); ``None``: not required.

    Raises:
        MisconfigurationException: A column is missing.
    """
    header = header or []
    for option, column in columns.items():
        if column is not None and column not in header:
            raise MisconfigurationException(
                f"{table}: has no column {quoted(column)} (option {option}_column); its columns are "
                f"{listed(header, 20)}{did_you_mean(column, header)}"
            )


def refuse_patterns(where: object, names: Iterable[str]) -> None:
    """Raise if a column is called ``*`` or ``^...$``: polars takes these for several columns wherever one is named.

    Args:
        where: The table, for the message.
        names: Its columns.

    Raises:
        MisconfigurationException: There is such a column.
    """
    for name in names:
        if name == "*" or (name.startswith("^") and name.endswith("$")):
            raise MisconfigurationException(f"{where}: a column can't be called {quoted(name)} here; rename it.")


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a CSV atomically, even if several processes write it."""
    with atomic_write(path) as beside, open(beside, "w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        csv.writer(file).writerows([header, *rows])
