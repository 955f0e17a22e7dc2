"""Read the layout of a data set of photos: their files, labels and splits.

Two layouts are read:

- **class folders**: ``root/train/<class>/*`` beside ``root/valid`` (or ``val``) and, optionally, ``root/test``; or
  ``root/<class>/*`` alone, of which a seeded share of each class becomes the validation split;
- **a CSV** with a column of file names and one of labels (several labels in one field for multi-label, joined by a
  separator), optionally with a column of splits.
"""

from __future__ import annotations

import csv
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from practicum.lightning_shim import MisconfigurationException

from ..files.csv_files import open_table, require_columns

log = logging.getLogger(__name__)

SPLITS = ("train", "valid", "test")
_FOLDERS = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "test": "test",
}
PHOTOS = (".jpg", ".jpeg", ".png")  # extensions of photos in CSV layouts and in challenges
_WANTED = "expected class folders below ROOT/train and ROOT/valid (or val), class folders directly below ROOT, or the option csv"


@dataclass
class Photos:
    """Photos, their labels and splits, one entry each; an entry of ``labels`` holds one name, or any number if multi-label."""

    paths: list[Path] = field(default_factory=list)
    labels: list[tuple[str, ...]] = field(default_factory=list)
    splits: list[str] = field(default_factory=list)

    def add(self, path: Path, labels: tuple[str, ...], split: str) -> None:
        """Append one photo."""
        self.paths.append(path)
        self.labels.append(labels)
        self.splits.append(split)

    def select(self, indices: Sequence[int]) -> Photos:
        """The photos at ``indices``, in that order."""
        return Photos([self.paths[i] for i in indices], [self.labels[i] for i in indices], [self.splits[i] for i in indices])

    def __len__(self) -> int:
        return len(self.paths)


def read_class_folders(root: Path) -> Photos:
    """Photos of a folder of class folders, with or without ``train``/``valid``/``test`` above them.

    Args:
        root: The data set's folder.

    Returns:
        Every file in the class folders, sorted by path; splits are ``train`` where the layout names none.

    Raises:
        MisconfigurationException: A missing folder, another layout, an empty class, or a class of ``valid`` that ``train`` lacks.
    """
    if not root.is_dir():
        raise MisconfigurationException(f"{root}: no such folder; pass the folder that holds your photos.")
    folders = _subfolders(root)
    by_split: dict[str, Path] = {}
    for folder in folders:
        split = _FOLDERS.get(folder.name.lower())
        if split in by_split:
            raise MisconfigurationException(f"{root}: holds both {by_split[split].name} and {folder.name}; keep one of them.")
        if split is not None:
            by_split[split] = folder
    if "train" not in by_split:
        if by_split:
            found = ", ".join(folder.name for folder in folders)
            raise MisconfigurationException(f"{root}: found {found} but no train folder; {_WANTED}.")
        by_split = {"train": root}
    photos = Photos()
    classes: dict[str, list[str]] = {}
    for split, folder in by_split.items():
        class_folders = _subfolders(folder)
        flat = split == "test" and not class_folders
        if flat:
            continue  # unlabelled test photos: see ImageFolder.for_prediction
        if not class_folders:
            found = f"{sum(1 for _ in folder.iterdir())} files and no folders" if any(folder.iterdir()) else "nothing"
            raise MisconfigurationException(f"{folder}: found {found}; {_WANTED}.")
        classes[split] = [folder.name for folder in class_folders]
        for class_folder in class_folders:
            files = sorted(path for path in class_folder.rglob("*") if path.is_file() and not path.name.startswith("."))
            if not files:
                raise MisconfigurationException(f"{class_folder}: this class holds no photo; add some or remove the folder.")
            for path in files:
                photos.add(path, (class_folder.name,), split)
    for split, names in classes.items():
        extra = sorted(set(names) - set(classes["train"]))
        if extra:
            raise MisconfigurationException(
                f"{by_split[split]}: has class {extra[0]!r}, which {by_split['train']} lacks "
                f"(it has {', '.join(classes['train'][:8])}); add it to train or remove it."
            )
    return photos


def _subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def read_csv(
    table: Path, root: Path, file_column: str, label_column: str, split_column: str | None, separator: str | None
) -> Photos:
    """Photos named in a CSV.

    Args:
        table: The CSV, with a header.
        root: Folder that the file names are relative to.
        file_column: Column of file names; an extension may be left out.
        label_column: Column of labels.
        split_column: Column of splits (``train``, ``valid`` or ``test``), or ``None``.
        separator: Separator of several labels in one field (multi-label), or ``None``: the field is one label.

    Returns:
        One entry per row, without rows that repeat an earlier one.

    Raises:
        MisconfigurationException: A missing file or column, a row without a label, a missing photo, or one photo with two
            different labels.
    """
    if not table.is_file():
        raise MisconfigurationException(f"{table}: no such file.")
    photos = Photos()
    seen: dict[Path, tuple[int, tuple[str, ...]]] = {}
    with open_table(table) as file:
        reader = csv.DictReader(file)
        require_columns(table, reader.fieldnames, {"file": file_column, "label": label_column, "split": split_column})
        for row in reader:
            line = reader.line_num
            path = existing_photo(root, row[file_column] or "")
            if path is None:
                raise MisconfigurationException(f"{table}, line {line}: photo {row[file_column]!r} is not in {root}.")
            text = (row[label_column] or "").strip()
            if not text and separator is None:
                raise MisconfigurationException(f"{table}, line {line}: the label of {row[file_column]!r} is empty.")
            labels = (text,) if separator is None else tuple(sorted({part.strip() for part in text.split(separator)} - {""}))
            split = "train" if split_column is None else _FOLDERS.get((row[split_column] or "").strip().lower(), "")
            if not split:
                raise MisconfigurationException(
                    f"{table}, line {line}: {split_column}={row[split_column]!r} is none of train, valid, test."
                )
            if path in seen:
                first, before = seen[path]
                if before != labels:
                    raise MisconfigurationException(
                        f"{table}, lines {first} and {line}: {row[file_column]!r} is labelled {' '.join(before)!r} and "
                        f"{text!r}; keep one of them."
                    )
                continue
            seen[path] = (line, labels)
            photos.add(path, labels, split)
    if not photos.paths:
        raise MisconfigurationException(f"{table}: has no rows.")
    unlisted = sorted(path for path in root.iterdir() if path.suffix.lower() in PHOTOS and path not in seen)
    if unlisted:
        log.warning(f"{len(unlisted)} photos in {root} have no row in {table} and are left out, e.g. {unlisted[0].name}.")
    return photos


def existing_photo(folder: Path, name: str) -> Path | None:
    """The photo that a table calls ``name``, with or without its extension; ``None`` if there is none."""
    if not name.strip():
        return None
    for candidate in (name, f"{name}.jpg", f"{name}.jpeg", f"{name}.png"):
        if os.path.isfile(folder / candidate):
            return folder / candidate
    return None


def hold_out_validation(photos: Photos, fraction: float, seed: int) -> None:
    """Move a stratified random share of the training photos to the validation split, in place.

    Args:
        photos: Photos of which none is in ``valid`` yet.
        fraction: Share of each label, above 0 and below 1; at least one photo of a label with two or more.
        seed: Seed of the random choice.
    """
    generator = np.random.default_rng(seed)
    by_label: dict[tuple[str, ...], list[int]] = {}
    for index, (labels, split) in enumerate(zip(photos.labels, photos.splits, strict=True)):
        if split == "train":
            by_label.setdefault(labels[:1], []).append(index)
    for label in sorted(by_label):
        members = by_label[label]
        count = min(len(members) - 1, max(1, round(fraction * len(members)))) if len(members) > 1 else 0
        for index in generator.permutation(members)[:count]:
            photos.splits[index] = "valid"
    # Stratified by each photo's first label only: a photo with a label that training now lacks goes back there.
    trained = {name for labels, split in zip(photos.labels, photos.splits, strict=True) if split == "train" for name in labels}
    for index, labels in enumerate(photos.labels):
        if photos.splits[index] == "valid" and not trained.issuperset(labels):
            photos.splits[index] = "train"
            trained.update(labels)
