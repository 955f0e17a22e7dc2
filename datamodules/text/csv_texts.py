"""Texts in tables of text: CSV or TSV, gzipped or not, in any format that :mod:`practicum.datamodules.files.csv_format` finds.

Each row is yielded by itself, so that a table may be larger than memory.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from ..files.atomic_file import atomic_write
from ..files.csv_files import require_columns
from ..files.csv_format import CSVFormat, detect_format
from ..files.csv_reader import ENDINGS, is_text_table, read_rows
from ..files.quoting import listed, quoted
from ..files.say_once import say_once
from .readers import Document
from .split_names import SPLITS, UNLABELLED, split_of

log = logging.getLogger(__name__)

INPUT_FILE = "input.json"
_SPLIT_COLUMNS = ("split", "set", "subset", "partition")
TEXT = "text"  # the column of texts where training names none
OTHER_TABLES = (".json", ".jsonl", ".ndjson", ".parquet", ".xlsx", ".xls", ".ods")


def tables_in(root: Path) -> list[Path]:
    """The tables that are read: ``root`` itself, or ``train.csv``, ``valid.csv`` ... of a folder, or its only table.

    Raises:
        MisconfigurationException: There is none, or it isn't clear which.
    """
    if root.is_file() and root.suffix.lower() in OTHER_TABLES:
        raise MisconfigurationException(f"{root}: {root.suffix} is not read; save it as a CSV with a column of texts.")
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise MisconfigurationException(f"{root}: no such file or folder; give a CSV, or a folder of them.")
    tables = sorted(path for path in root.iterdir() if is_text_table(path) and path.is_file() and path.name[0] != ".")
    files = [path for path in tables if split_of(_stem(path))] or tables
    if not files:
        raise MisconfigurationException(f"{root}: holds no train.csv.")
    if len(files) > 1 and split_of(_stem(files[0])) is None:
        names = ", ".join(path.name for path in files[:4])
        raise MisconfigurationException(f"{root}: holds {names}; give one of them, or name them train.csv, valid.csv.")
    if unread := [path.name for path in tables if path not in files]:
        say_once(f"{root}: read as the files of splits ({files[0].name} ...); {listed(unread, 3)}: not read.")
    return files


def _stem(path: Path) -> str:
    """``train`` of ``train.csv.gz``."""
    ending = next((each for each in sorted(ENDINGS, key=len, reverse=True) if path.name.lower().endswith(each)), "")
    return path.name[: len(path.name) - len(ending)]


def read_csvs(
    root: Path,
    text_column: str,
    label_column: str | None,
    split_column: str | None,
    csv_format: Mapping[str, Any] | None = None,
) -> Iterator[Document]:
    """Read texts from a table, or from ``train.csv``, ``valid.csv`` and ``test.csv`` in a folder.

    Args:
        root: File or folder.
        text_column: Column of the texts.
        label_column: Column of their classes; ``None`` if there is none.
        split_column: Column that names each row's split; ``None`` takes it from the file's name.
        csv_format: What is known of the tables' format, see :func:`.detect_format`.

    Raises:
        MisconfigurationException: A file or column is missing, a table is damaged (by its line), a label is empty, or a split is
            unknown.
    """
    for table in tables_in(root):
        named = split_of(_stem(table))
        if root.is_file() and named != UNLABELLED:  # one table by itself is what is trained on, whatever it is called
            named = "train"
        unlabelled = 0
        names, rows = read_rows(table, detect_format(table, **(csv_format or {})))
        # A file of unlabelled texts needs no column of labels.
        needs_labels = split_column is not None or named != UNLABELLED
        require_columns(
            table, names, {"text": text_column, "label": label_column if needs_labels else None, "split": split_column}
        )
        for line, row in rows:
            split = named or "train"
            if split_column is not None:
                split = split_of(row[split_column]) or ""
                if not split:
                    raise MisconfigurationException(
                        f"{table}, line {line}: {split_column}={quoted(row[split_column])} is none of {', '.join(SPLITS)}."
                    )
            label = None if label_column not in names else row[label_column].strip()
            if label == "" and split == "train" and split_column is None:
                split, unlabelled = UNLABELLED, unlabelled + 1
            if label == "" and split != UNLABELLED:
                raise MisconfigurationException(
                    f"{table}, line {line}: its label is empty; rows without one belong to the split {UNLABELLED}."
                )
            yield Document(row[text_column], split, label or None, f"{table}:{line}")
        if unlabelled:
            say_once(f"{table}: rows without a label: {unlabelled:,}; a language model learns from them, a classifier does not.")
        if split_column is None:
            _say_of_splits(table, [name for name in names if name not in (text_column, label_column)])


def _say_of_splits(table: Path, names: Sequence[str]) -> None:
    """Say that a column that is called like a split is not used, as its rows may be meant for a test."""
    if column := next((name for name in names if name.strip().lower() in _SPLIT_COLUMNS), None):
        say_once(f"{table}: its column {quoted(column)} is not used; data.split_column={column} splits by it.")


def read_new_csv(table: Path, text_column: str | None, trained: CSVFormat | None) -> Iterator[str]:
    """Read texts to predict from a table.

    Args:
        table: The file.
        text_column: Column of the texts in training; ``None``: training had no table, and the column is called ``text`` or is the
            only one.
        trained: Format of the training's table, if there was one.

    Raises:
        MisconfigurationException: The column is missing, or the table is damaged (by its line).
    """
    names, rows = read_rows(table, detect_format(table, trained))
    column = text_column or TEXT
    if column not in names:
        if text_column is not None:
            raise MisconfigurationException(
                f"{table}: has no column {quoted(text_column)}, whose texts the run was trained on; its columns are "
                f"{listed(names, 20)}; call the one that holds the texts {text_column}."
            )
        if len(names) > 1:
            raise MisconfigurationException(
                f"{table}: has the columns {listed(names, 20)}, and the run was trained on files of texts: call the column "
                f"that holds the texts {TEXT}."
            )
        column = names[0]
        log.warning(f"{table}: its only column {quoted(column)} is taken for texts, and its first line for the column's name.")
    for _, row in rows:
        yield row[column]


def save_input(folder: Path, form: CSVFormat, columns: Mapping[str, str | None]) -> None:
    """Write what training learnt about its table into ``folder``, for predictions.

    Args:
        folder: A run's folder.
        form: The table's format.
        columns: What was read from which column.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with atomic_write(folder / INPUT_FILE) as beside:
        beside.write_text(json.dumps({"csv": form.as_dict(), "columns": dict(columns)}, indent=1), encoding="utf-8")


def load_input(folder: Path | None) -> CSVFormat | None:
    """Return the format that :func:`save_input` wrote; ``None`` if there is none, as beside earlier runs.

    Raises:
        MisconfigurationException: The file is damaged.
    """
    path = None if folder is None else folder / INPUT_FILE
    if path is None or not path.is_file():
        return None
    try:
        return CSVFormat.from_dict(json.loads(path.read_text(encoding="utf-8"))["csv"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MisconfigurationException(f"{path}: can't be read ({error}); copy it from the run again.") from error
