"""The words that a table of text has for yes and no: ``TRUE`` of R and Excel, ``True`` of Python.

**When to use it.** For a target of classes: predictions carry the table's own words, so that they can be compared with it. A
Parquet file or a frame has no words, and gets ``true`` and ``false``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from ..files.csv_format import CSVFormat
from .readers import read_table

_FORMS: tuple[Callable[[str], str], ...] = (str.upper, str.title, str.lower)


def boolean_words(frame: pl.LazyFrame, name: str, path: Path, csv: CSVFormat | None) -> dict[str, list[str]]:
    """How a column of a table of text writes false and true.

    Args:
        frame: The table as it was read.
        name: The column.
        path: The file.
        csv: How it is written; ``None``: it is no table of text.

    Returns:
        By column both words; empty: it holds no truth values, or writes them in several ways.
    """
    if csv is None or frame.collect_schema().get(name) != pl.Boolean:
        return {}
    written = read_table(path, None, csv, [name]).select(pl.col(name).drop_nulls().unique()).collect()[name]
    for form in _FORMS:
        words = [form("false"), form("true")]
        if len(written) and written.is_in(words).all():
            return {name: words}
    return {}


def with_words(frame: pl.LazyFrame, name: str, words: Sequence[str]) -> pl.LazyFrame:
    """Write a column of truth values in words.

    Args:
        frame: The table.
        name: The column.
        words: Those for false and true.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.boolean_words import with_words
        >>> with_words(pl.LazyFrame({"open": [True, None]}), "open", ["FALSE", "TRUE"]).collect()["open"].to_list()
        ['TRUE', None]
    """
    false, true = words
    return frame.with_columns(pl.col(name).replace_strict([False, True], [false, true], return_dtype=pl.String))
