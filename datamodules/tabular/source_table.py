"""A table as it was read: its columns, and what was found out or guessed on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from ..files.csv_format import CSVFormat, detect_format
from ..files.quoting import quoted
from .boolean_words import boolean_words
from .column_roles import infer_role
from .column_types import clean_text
from .date_column import dates_of
from .numeric_text import number_type
from .readers import as_lazy_frame, is_parquet, read_table, require_columns
from .units import find_unit

SPLIT_COLUMN = "__split"  # added where each split has a file of its own


@dataclass
class SourceTable:
    """A table as it was read.

    Attributes:
        frame: Its rows.
        csv: How it is written; ``None``: it is no table of text.
        date_format: Format of the times of ratings; ``None``: they are no texts, or it is found later.
        notes: Sentences on what was guessed or left out, each with the level ``info`` or ``warning``.
        rejected: Rows left out, with the reason.
        words: Of a target of truth values how a table of text writes false and true, see :mod:`.boolean_words`.
        files: Each split's file, where there are several.
    """

    frame: pl.LazyFrame
    csv: CSVFormat | None = None
    date_format: str | None = None
    notes: list[tuple[str, str]] = field(default_factory=list)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    words: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def read_frame(frame: Any, told: Mapping[str, Any] | None = None) -> SourceTable:
    """A frame of polars or pandas, with strings as a file would have them.

    Args:
        frame: The frame.
        told: The option ``csv_format``: what is missing.

    Raises:
        MisconfigurationException: ``frame`` is something else.
    """
    return SourceTable(clean_text(as_lazy_frame(frame), told))


def read_one(path: Path, told: Mapping[str, Any] | None = None, header: list[str] | None = None) -> SourceTable:
    """Read a file.

    Args:
        path: A table of text or a Parquet file.
        told: The option ``csv_format``: what the user fixed.
        header: Column names of a table of text without a header line.

    Raises:
        MisconfigurationException: It can't be read.
    """
    if is_parquet(path):
        return SourceTable(clean_text(read_table(path), told))
    given = {**(told or {}), **({} if header is None else {"header": False})}
    csv = detect_format(path, **given)
    return SourceTable(read_table(path, header, csv), csv)


def read_files(
    files: Mapping[str, Path], label: str, told: Mapping[str, Any] | None = None, used: Callable[[str], bool] = lambda name: True
) -> SourceTable:
    """Read the files of a table as one, with :data:`SPLIT_COLUMN` if there are several.

    A column that is text in one file is text in all: ``01234`` in training and ``10001`` in validation are zip codes in both.
    Columns that training's file lacks are left out, with a note.

    Args:
        files: By split, see :func:`.split_files`.
        label: A test file without this column is left out: it is only to be predicted.
        told: The option ``csv_format``: what the user fixed.
        used: Whether a column of training's file may be learnt from.

    Raises:
        MisconfigurationException: A file can't be read, or lacks ``label`` or a column that training learns from: its rows would
            be taken for ones with gaps.
    """
    first, *others = files.values()
    source = read_one(first, told)
    source.words = boolean_words(source.frame, label, first, source.csv)
    if set(files) in ({"all"}, {"train"}):
        return source
    formats = {first: source.csv}
    for path in others:
        formats[path] = None if is_parquet(path) else detect_format(path, trained=source.csv, **(told or {}))
    parts = {split: source.frame if path == first else _read_other(path, formats[path], told) for split, path in files.items()}
    schemas = {split: part.collect_schema() for split, part in parts.items()}
    for split in [split for split, schema in schemas.items() if label not in schema]:
        if split != "test":
            require_columns(files[split], schemas[split].names(), [label])
        del parts[split], schemas[split]
    notes = _same_columns(files, parts, {split: schema.names() for split, schema in schemas.items()}, used)
    blank = _blank(parts, schemas)
    text = {
        name
        for split, schema in schemas.items()
        for name, kind in schema.items()
        if kind == pl.String and name not in blank[split]
    }
    for split, schema in schemas.items():
        if any(schema[name] != pl.String for name in text & {*schema}):
            parts[split] = _as_text(parts[split], schema, sorted(text & {*schema}), files[split], formats[files[split]])
        parts[split] = parts[split].with_columns(pl.lit(None).alias(name) for name in blank[split] if name not in text)
    marked = [part.with_columns(pl.lit(split).alias(SPLIT_COLUMN)) for split, part in parts.items()]
    own = next(iter(schemas.values())).names()
    frame = pl.concat(marked, how="diagonal_relaxed").select(*own, SPLIT_COLUMN)
    return SourceTable(frame, source.csv, notes=notes, words=source.words, files={split: str(files[split]) for split in parts})


def _blank(parts: Mapping[str, pl.LazyFrame], schemas: Mapping[str, pl.Schema]) -> dict[str, list[str]]:
    """By split the columns without a value, which say nothing of their type, of those that are text here and not elsewhere."""
    kinds: dict[str, set[object]] = {}
    for schema in schemas.values():
        for name, kind in schema.items():
            kinds.setdefault(name, set()).add(kind)
    found = {}
    for split, schema in schemas.items():
        names = [name for name, kind in schema.items() if kind == pl.String and len(kinds[name]) > 1]
        counts = parts[split].select(pl.col(name).count() for name in names).collect().row(0) if names else ()
        found[split] = [name for name, count in zip(names, counts, strict=True) if not count]
    return found


def _as_text(part: pl.LazyFrame, schema: pl.Schema, names: list[str], path: Path, csv: CSVFormat | None) -> pl.LazyFrame:
    """Columns as they are written; numbers with a decimal comma in the form in which the other file has them."""
    if csv is None:
        return part.with_columns(pl.col(name).cast(pl.String) for name in names)
    written = [name for name in names if csv.decimal == "." or not schema[name].is_float()]
    read = read_table(path, None, csv, written) if written else part
    return read.with_columns(pl.col(name).cast(pl.String) for name in names if name not in written)


def _is_learnt(values: pl.Series) -> bool:
    """Whether a column that nobody named is learnt from: also dates, and numbers with a unit, each of which is another text."""
    if dates_of(values) is not None:
        return True
    has_unit = values.dtype == pl.String and values.n_unique() > 1 and find_unit(values) is not None
    if values.dtype == pl.String and number_type(values) is not None:
        return True
    return has_unit or infer_role(values).role != "ignored"


def _read_other(path: Path, csv: CSVFormat | None, told: Mapping[str, Any] | None) -> pl.LazyFrame:
    return clean_text(read_table(path), told) if csv is None else read_table(path, None, csv)


def _same_columns(
    files: Mapping[str, Path], parts: Mapping[str, pl.LazyFrame], names: Mapping[str, list[str]], used: Callable[[str], bool]
) -> list[tuple[str, str]]:
    """Refuse a file without a column that training learns from; name the columns that only it has."""
    (first, mine), *others = names.items()
    notes = []
    for split, its in others:
        lacking = [name for name in mine if name not in its and used(name)]
        learnt = (name for name in lacking if _is_learnt(parts[first].select(name).collect()[name]))
        require_columns(files[split], its, learnt)
        for name in (name for name in its if name not in mine):
            notes.append(("warning", f"{files[split]}: column {quoted(name)} is not in {files[first].name}, and is left out."))
    return notes
