"""CSV files: opened, checked for their columns, and written atomically."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from practicum.lightning_shim import MisconfigurationException

from .atomic_file import atomic_write


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
            similar = difflib.get_close_matches(column, header, n=1)
            raise MisconfigurationException(
                f"{table}: has no column {column!r} (option {option}_column); its columns are "
                f"{', '.join(header)}{f'; did you mean {similar[0]!r}?' if similar else '.'}"
            )


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a CSV atomically, even if several processes write it."""
    with atomic_write(path) as beside, open(beside, "w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        csv.writer(file).writerows([header, *rows])
