"""Read the layout of a data set of photos: their files, labels and splits.

Class folders are read by :mod:`.class_folders`, labels in file names by :mod:`.label_pattern`; here, a table of text (CSV, TSV
...) with a column of file names and one of labels (several labels in one field for multi-label, joined by a separator),
optionally with a column of splits.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from ..files.csv_files import require_columns
from ..files.csv_format import detect_format
from ..files.csv_reader import read_rows
from ..files.quoting import quoted
from ..files.say_once import say_once
from .split_names import split_of

# Extensions of photos in CSV layouts and in challenges; the usual ones first.
PHOTOS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jp2", ".heic", ".ppm")
_EITHER_CASE = tuple(each for ending in PHOTOS for each in (ending, ending.upper()))


@dataclass
class Photos:
    """Photos, their labels and splits, one entry each; an entry of ``labels`` holds one name, or any number if multi-label.

    ``groups`` are what photos that belong together have in common, empty for those that belong to no group. ``unlabelled`` are
    files beside them that have no label and are left out.
    """

    paths: list[Path] = field(default_factory=list)
    labels: list[tuple[str, ...]] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    unlabelled: list[Path] = field(default_factory=list)

    def add(self, path: Path, labels: tuple[str, ...], split: str, group: str = "") -> None:
        """Append one photo."""
        self.paths.append(path)
        self.labels.append(labels)
        self.splits.append(split)
        self.groups.append(group)

    def select(self, indices: Sequence[int]) -> Photos:
        """The photos at ``indices``, in that order."""
        columns = (self.paths, self.labels, self.splits, self.groups)
        return Photos(*([column[i] for i in indices] for column in columns))  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.paths)


def read_csv(
    table: Path,
    root: Path,
    file_column: str,
    label_column: str,
    split_column: str | None,
    separator: str | None,
    csv_format: Mapping[str, Any] | None = None,
    group_column: str | None = None,
) -> Photos:
    """Photos named in a table of text.

    Args:
        table: The table: CSV, TSV or alike, plain or gzipped, see :func:`.detect_format`.
        root: Folder that the file names are relative to.
        file_column: Column of file names; an extension may be left out.
        label_column: Column of labels.
        split_column: Column of splits (``train``, ``valid`` or ``test``), or ``None``.
        separator: Separator of several labels in one field (multi-label), or ``None``: the field is one label.
        csv_format: What is known of the table's format.
        group_column: Column of what photos that belong together have in common, or ``None``.

    Returns:
        One entry per row, without rows that repeat an earlier one.

    Raises:
        MisconfigurationException: A missing file or column, a damaged row, a row without a label, a missing photo, or one photo
            with two different labels.
    """
    names, rows = read_rows(table, detect_format(table, **(csv_format or {})))
    require_columns(table, names, {"file": file_column, "label": label_column, "split": split_column, "group": group_column})
    photos = Photos()
    seen: dict[Path, tuple[int, tuple[str, ...]]] = {}
    for line, row in rows:
        path = existing_photo(root, row[file_column])
        if path is None:
            raise MisconfigurationException(f"{table}, line {line}: photo {quoted(row[file_column])} is not in {root}.")
        text = row[label_column].strip()
        if not text and separator is None:
            raise MisconfigurationException(f"{table}, line {line}: the label of {quoted(row[file_column])} is empty.")
        labels = (text,) if separator is None else tuple(sorted({part.strip() for part in text.split(separator)} - {""}))
        said = "train" if split_column is None else row[split_column]
        split = split_of(said)
        if split is None:
            raise MisconfigurationException(f"{table}, line {line}: {split_column}={quoted(said)} is none of train, valid, test.")
        if path in seen:
            first, before = seen[path]
            if before != labels:
                raise MisconfigurationException(
                    f"{table}, lines {first} and {line}: {quoted(row[file_column])} is labelled {quoted(' '.join(before))} and "
                    f"{quoted(text)}; keep one of them."
                )
            continue
        seen[path] = (line, labels)
        photos.add(path, labels, split, "" if group_column is None else row[group_column].strip())
    unlisted = sorted(path for path in root.iterdir() if path.suffix.lower() in PHOTOS and path not in seen)
    if unlisted:
        say_once(f"{len(unlisted)} photos in {root} have no row in {table} and are left out, e.g. {unlisted[0].name}.")
    return photos


def existing_photo(folder: Path, name: str) -> Path | None:
    """The photo that a table calls ``name``, with or without its extension; ``None`` if there is none.

    Extensions may be in upper case, as cameras write them, and folders separated by backslashes.
    """
    bare = name.strip()
    if not bare:
        return None
    stem, ending = os.path.splitext(bare)
    for candidate in (name, bare, *(f"{bare}{each}" for each in _EITHER_CASE), f"{stem}{ending.swapcase()}"):
        if os.path.isfile(folder / candidate):
            return folder / candidate
    return existing_photo(folder, bare.replace("\\", "/")) if "\\" in bare else None
