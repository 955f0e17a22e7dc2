"""Texts as they lie on disk: folders of files, an archive of such folders, CSVs, sentences a line a piece, one plain corpus.

Each reader yields a :class:`Document` at a time, so that a corpus may be larger than memory.
"""

from __future__ import annotations

import csv
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from practicum.lightning_shim import MisconfigurationException

from ..files.csv_files import open_table, require_columns

SPLITS = ("train", "valid", "test", "unsup")
_FOLDERS = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "dev": "valid",
    "test": "test",
    "unsup": "unsup",
}
_WANTED = "wanted: ROOT/train/<class>/*.txt beside ROOT/test or ROOT/valid, ROOT/<class>/*.txt, or ROOT/<name>.<class> of lines"
csv.field_size_limit(2**31 - 1)  # Python's own bound, 131,072 characters, is less than a long review


@dataclass(frozen=True)
class Document:
    """A text.

    Attributes:
        text: What it says; ``None``: it could not be read as UTF-8.
        split: ``train valid test``, or ``unsup``: without a label, for a language model only.
        label: Its class, if it has one.
        name: Where it was found.
    """

    text: str | None
    split: str
    label: str | None
    name: str


def read_folder(root: Path) -> Iterator[Document]:
    """Text files in class folders (aclImdb's layout: ``train/pos/*.txt ... train/unsup``), or ``<name>.<class>``, a text a line.

    Raises:
        MisconfigurationException: Missing, or another layout.
    """
    if not root.is_dir():
        raise MisconfigurationException(f"data.root={root}: no such folder; give the folder that holds your texts.")
    inner = [each for each in root.iterdir() if each.is_dir() and not each.name.startswith(".")]
    if len(inner) == 1 and inner[0].name.lower() not in _FOLDERS and any(f.name.lower() in _FOLDERS for f in inner[0].iterdir()):
        root = inner[0]  # an archive's own folder
    files = sorted(path for path in root.rglob("*.txt") if len(path.relative_to(root).parts) > 1)
    lines = [] if files else sorted(path for path in root.iterdir() if _class_of_lines(path))
    if not files and len(lines) < 2:
        raise MisconfigurationException(f"data.root={root}: holds no texts of classes; {_WANTED}.")
    found = 0
    for path in files:
        place = _place(path.relative_to(root).parts)
        if place is not None:
            found += 1
            yield _document(path.read_bytes(), *place, str(path))
    for path in lines:
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            found += 1
            yield _document(line, "train", _class_of_lines(path), f"{path}:{number}")
    if not found:
        raise MisconfigurationException(f"data.root={root}: holds no texts of classes; {_WANTED}.")


def _class_of_lines(path: Path) -> str | None:
    """``pos`` of ``rt-polarity.pos``: a file whose ending is no file type but a class."""
    known = {".txt", ".csv", ".json", ".md", ".gz", ".zip", ".tar", ".lock", ".html", ".pdf", ".tsv"}
    return (
        path.suffix[1:] if path.is_file() and path.suffix and path.suffix.lower() not in known and path.stem[:1] != "." else None
    )


def _place(parts: tuple[str, ...]) -> tuple[str, str | None] | None:
    """Split and label of a file by its folders; ``None``: it belongs to neither, such as a word list."""
    split = _FOLDERS.get(parts[0].lower())
    label = parts[0] if split is None else parts[1] if len(parts) > 2 else None
    if "unsup" in (label, split):
        return "unsup", None
    return None if label is None else (split or "train", label)


def _document(raw: bytes, split: str, label: str | None, name: str) -> Document:
    try:
        return Document(raw.decode("utf-8-sig"), split, label, name)
    except UnicodeDecodeError:
        return Document(None, split, label, name)


def read_archive(archive: Path) -> Iterator[Document]:
    """The same from a ``.tar.gz`` or ``.tar``, whose texts are read from within: nothing is unpacked.

    Raises:
        MisconfigurationException: Broken, or holds no texts in class folders.
    """
    found = 0
    try:
        with tarfile.open(archive) as file:
            for entry in file:
                path = PurePosixPath(entry.name)
                if not entry.isfile() or path.suffix != ".txt":
                    continue
                parts = path.parts
                start = next((depth for depth, part in enumerate(parts[:-1]) if part.lower() in _FOLDERS), None)
                place = None if start is None else _place(parts[start:])
                content = file.extractfile(entry)
                if place is not None and content is not None:
                    found += 1
                    yield _document(content.read(), *place, entry.name)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise MisconfigurationException(f"{archive}: can't be read ({error}); fetch it again.") from error
    if not found:
        raise MisconfigurationException(f"{archive}: holds no train/<class>/*.txt.")


def read_csvs(root: Path, text_column: str, label_column: str | None, split_column: str | None) -> Iterator[Document]:
    """Texts in a CSV, or in ``train.csv``, ``valid.csv`` and ``test.csv`` of a folder.

    Args:
        root: The file or the folder.
        text_column: Of the texts.
        label_column: Of their classes; ``None``: there are none.
        split_column: Says train, valid or test; ``None``: by file.

    Raises:
        MisconfigurationException: Missing file or column, not UTF-8, a row without a label, an unknown split.
    """
    if root.is_file():
        files = [root]
    elif root.is_dir():
        files = sorted(path for path in root.glob("*.csv") if path.stem.lower() in _FOLDERS) or sorted(root.glob("*.csv"))
    else:
        raise MisconfigurationException(f"data.root={root}: no such file or folder; give a CSV, or a folder of them.")
    if not files:
        raise MisconfigurationException(f"data.root={root}: holds no train.csv.")
    if len(files) > 1 and any(path.stem.lower() not in _FOLDERS for path in files):
        names = ", ".join(path.name for path in files[:4])
        raise MisconfigurationException(f"data.root={root}: holds {names}; name one of them, or call them train.csv, valid.csv.")
    for table in files:
        with open_table(table) as file:
            reader = csv.DictReader(file)
            require_columns(table, reader.fieldnames, {"text": text_column, "label": label_column, "split": split_column})
            for number, row in enumerate(reader, 1):
                split = _FOLDERS.get(table.stem.lower(), "train")
                if split_column is not None:
                    split = _FOLDERS.get((row[split_column] or "").strip().lower(), "")
                    if not split:
                        raise MisconfigurationException(
                            f"{table}, row {number}: {split_column}={row[split_column]!r} is none of train, valid, test, unsup."
                        )
                label = None if label_column is None else (row[label_column] or "").strip()
                if label == "" and split != "unsup":
                    raise MisconfigurationException(
                        f"{table}, row {number}: its label is empty; a row without one belongs to the split unsup."
                    )
                yield Document(row[text_column] or "", split, label or None, f"{table}:{number}")


def read_corpus(root: Path) -> Iterator[Document]:
    """Plain text: ``train.txt valid.txt test.txt`` (or ``ptb.train.txt``, ``wiki.valid.tokens`` ...) of a folder, or one file.

    Args:
        root: The folder or the file. A document is about a fiftieth of a file, at most a million bytes, and ends with a line.

    Raises:
        MisconfigurationException: Missing, no training text, or not UTF-8.
    """
    if root.is_file():
        files = [(root, "train")]
    elif root.is_dir():
        files = [(path, split) for path in sorted(root.iterdir()) if path.is_file() and (split := _split_in(path.name))]
    else:
        raise MisconfigurationException(f"data.root={root}: no such file or folder; give a text, or a folder with train.txt.")
    if not any(split == "train" for _, split in files):
        raise MisconfigurationException(f"data.root={root}: holds no train.txt.")
    for path, split in files:
        chunk = min(1 << 20, path.stat().st_size // 50 + 1)
        try:
            with open(path, encoding="utf-8-sig") as file:
                while lines := file.readlines(chunk):
                    yield Document("".join(lines), split, None, str(path))
        except UnicodeDecodeError as error:
            raise MisconfigurationException(f"{path}: is not UTF-8 (byte {error.start} of a part); save it as UTF-8.") from error


def _split_in(name: str) -> str | None:
    """``train`` of ``ptb.train.txt``."""
    parts = re.split(r"[._-]", name.lower())
    return next((_FOLDERS[part] for part in parts if part in _FOLDERS), None) if parts[-1] in ("txt", "tokens", "raw") else None
