"""CSV files as people have them: opened, checked for their columns, and written whole or not at all."""

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
    """A CSV opened for reading; one that is not UTF-8 is refused in a sentence."""
    try:
        with open(table, newline="", encoding="utf-8-sig") as file:
            yield file
    except UnicodeDecodeError as error:
        raise MisconfigurationException(f"{table}: is not UTF-8 (byte {error.start}); save it as UTF-8.") from error


def require_columns(table: Path, header: Sequence[str] | None, columns: Mapping[str, str | None]) -> None:
    """Refuse a CSV that lacks a column, and name the nearest it has.

    Args:
        table: The CSV, for the message.
        header: Its columns.
        columns: Those wanted, by the option ``data.<option>_column`` that names them; ``None``: not wanted.

    Raises:
        MisconfigurationException: One is missing.
    """
    header = header or []
    for option, column in columns.items():
        if column is not None and column not in header:
            near = difflib.get_close_matches(column, header, n=1)
            raise MisconfigurationException(
                f"{table}: has no column {column!r} (data.{option}_column); its columns are "
                f"{', '.join(header)}{f'; did you mean {near[0]!r}?' if near else '.'}"
            )


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a CSV: a half-written one is never there, whoever else writes it."""
    with atomic_write(path) as beside, open(beside, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
