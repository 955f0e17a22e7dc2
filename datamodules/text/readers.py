"""Readers of texts: folders of files, archives of such folders, CSVs, files of lines, plain corpora.

Each reader yields one :class:`Document` at a time, so that a corpus may be larger than memory.
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

UNLABELLED = "unlabelled"  # split of training texts without labels, used by language models only
SPLITS = ("train", "valid", "test", UNLABELLED)
_SPLITS = {  # by the name of a folder or file
    "train": "train",
    "training": "train",
    "valid": "valid",
    "val": "valid",
    "validation": "valid",
    "dev": "valid",
    "test": "test",
    "unsup": UNLABELLED,  # aclImdb's name
}
_WANTED = "expected: ROOT/train/<class>/*.txt beside ROOT/test or ROOT/valid, ROOT/<class>/*.txt, or ROOT/<name>.<class> of lines"
csv.field_size_limit(2**31 - 1)  # Python's default of 131,072 characters is less than a long review


@dataclass(frozen=True)
class Document:
    """A text with its split and label.

    Attributes:
        text: The text; ``None`` if it isn't valid UTF-8.
        split: One of :data:`SPLITS`.
        label: Its class, if it has one.
        name: Where it was found.
    """

    text: str | None
    split: str
    label: str | None
    name: str


def read_folder(root: Path) -> Iterator[Document]:
    """Read text files in class folders (aclImdb's layout: ``train/pos/*.txt``), or files ``<name>.<class>`` with a text per line.

    Texts below ``unsup`` have no label.

    Raises:
        MisconfigurationException: The folder is missing or has another layout.
    """
    if not root.is_dir():
        raise MisconfigurationException(f"{root}: no such folder; give the folder that holds your texts.")
    inner = [each for each in root.iterdir() if each.is_dir() and not each.name.startswith(".")]
    if len(inner) == 1 and inner[0].name.lower() not in _SPLITS and any(f.name.lower() in _SPLITS for f in inner[0].iterdir()):
        root = inner[0]  # the top folder of an unpacked archive
    files = sorted(path for path in root.rglob("*.txt") if len(path.relative_to(root).parts) > 1)
    lines = [] if files else sorted(path for path in root.iterdir() if _class_of_lines(path))
    if not files and len(lines) < 2:
        raise MisconfigurationException(f"{root}: holds no texts of classes; {_WANTED}.")
    found = 0
    for path in files:
        split_and_label = _split_and_label(path.relative_to(root).parts)
        if split_and_label is not None:
            found += 1
            yield _document(path.read_bytes(), *split_and_label, str(path))
    for path in lines:
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            found += 1
            yield _document(line, "train", _class_of_lines(path), f"{path}:{number}")
    if not found:
        raise MisconfigurationException(f"{root}: holds no texts of classes; {_WANTED}.")


def _class_of_lines(path: Path) -> str | None:
    """Return ``pos`` for ``rt-polarity.pos``: a suffix that isn't a known file type is taken as a class."""
    known = {".txt", ".csv", ".json", ".md", ".gz", ".zip", ".tar", ".lock", ".html", ".pdf", ".tsv"}
    is_class = path.suffix and path.suffix.lower() not in known and not path.stem.startswith(".") and path.is_file()
    return path.suffix[1:] if is_class else None


def _split_and_label(parts: tuple[str, ...]) -> tuple[str, str | None] | None:
    """Return split and label of a file by its folders; ``None`` for files outside, such as a word list."""
    split = _SPLITS.get(parts[0].lower())
    label = parts[0] if split is None else parts[1] if len(parts) > 2 else None
    if split == UNLABELLED or label == "unsup":
        return UNLABELLED, None
    return None if label is None else (split or "train", label)


def _document(raw: bytes, split: str, label: str | None, name: str) -> Document:
    try:
        return Document(raw.decode("utf-8-sig"), split, label, name)
    except UnicodeDecodeError:
        return Document(None, split, label, name)


def read_archive(archive: Path) -> Iterator[Document]:
    """Read class folders from a ``.tar.gz`` or ``.tar`` file without unpacking it.

    Raises:
        MisconfigurationException: The archive is broken, or holds no texts in class folders.
    """
    found = 0
    try:
        with tarfile.open(archive) as file:
            for entry in file:
                path = PurePosixPath(entry.name)
                if not entry.isfile() or path.suffix != ".txt":
                    continue
                parts = path.parts
                start = next((depth for depth, part in enumerate(parts[:-1]) if part.lower() in _SPLITS), None)
                split_and_label = None if start is None else _split_and_label(parts[start:])
                content = file.extractfile(entry)
                if split_and_label is not None and content is not None:
                    found += 1
                    yield _document(content.read(), *split_and_label, entry.name)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise MisconfigurationException(f"{archive}: can't be read ({error}); download it again.") from error
    if not found:
        raise MisconfigurationException(f"{archive}: holds no train/<class>/*.txt.")


def read_csvs(root: Path, text_column: str, label_column: str | None, split_column: str | None) -> Iterator[Document]:
    """Read texts from a CSV, or from ``train.csv``, ``valid.csv`` and ``test.csv`` in a folder.

    Args:
        root: File or folder.
        text_column: Column of the texts.
        label_column: Column of their classes; ``None`` if there is none.
        split_column: Column that names each row's split; ``None`` takes it from the file's name.

    Raises:
        MisconfigurationException: A file or column is missing, a file isn't UTF-8, a label is empty, or a split is unknown.
    """
    if root.is_file():
        files = [root]
    elif root.is_dir():
        files = sorted(path for path in root.glob("*.csv") if path.stem.lower() in _SPLITS) or sorted(root.glob("*.csv"))
    else:
        raise MisconfigurationException(f"{root}: no such file or folder; give a CSV, or a folder of them.")
    if not files:
        raise MisconfigurationException(f"{root}: holds no train.csv.")
    if len(files) > 1 and any(path.stem.lower() not in _SPLITS for path in files):
        names = ", ".join(path.name for path in files[:4])
        raise MisconfigurationException(f"{root}: holds {names}; give one of them, or name them train.csv, valid.csv.")
    for table in files:
        with open_table(table) as file:
            reader = csv.DictReader(file)
            require_columns(table, reader.fieldnames, {"text": text_column, "label": label_column, "split": split_column})
            for number, row in enumerate(reader, 1):
                split = _SPLITS.get(table.stem.lower(), "train")
                if split_column is not None:
                    name = (row[split_column] or "").strip().lower()
                    split = name if name in SPLITS else _SPLITS.get(name, "")
                    if not split:
                        raise MisconfigurationException(
                            f"{table}, row {number}: {split_column}={row[split_column]!r} is none of {', '.join(SPLITS)}."
                        )
                label = None if label_column is None else (row[label_column] or "").strip()
                if label == "" and split != UNLABELLED:
                    raise MisconfigurationException(
                        f"{table}, row {number}: its label is empty; rows without one belong to the split {UNLABELLED}."
                    )
                yield Document(row[text_column] or "", split, label or None, f"{table}:{number}")


def read_corpus(root: Path) -> Iterator[Document]:
    """Read plain text: ``train.txt``, ``valid.txt``, ``test.txt`` (or ``wiki.valid.tokens`` etc.) in a folder, or one file.

    A document is a run of whole lines, about a fiftieth of its file and at most 1 MiB.

    Args:
        root: Folder or file.

    Raises:
        MisconfigurationException: The file is missing, there is no training text, or it isn't UTF-8.
    """
    if root.is_file():
        files = [(root, "train")]
    elif root.is_dir():
        files = [(path, split) for path in sorted(root.iterdir()) if path.is_file() and (split := _split_in(path.name))]
    else:
        raise MisconfigurationException(f"{root}: no such file or folder; give a text file, or a folder with train.txt.")
    if not any(split == "train" for _, split in files):
        raise MisconfigurationException(f"{root}: holds no train.txt.")
    for path, split in files:
        chunk = min(1 << 20, path.stat().st_size // 50 + 1)
        try:
            with open(path, encoding="utf-8-sig") as file:
                while lines := file.readlines(chunk):
                    yield Document("".join(lines), split, None, str(path))
        except UnicodeDecodeError as error:
            raise MisconfigurationException(f"{path}: is not UTF-8 (byte {error.start} of a chunk); save it as UTF-8.") from error


def _split_in(name: str) -> str | None:
    """Return ``train`` for ``ptb.train.txt``."""
    parts = re.split(r"[._-]", name.lower())
    return next((_SPLITS[part] for part in parts if part in _SPLITS), None) if parts[-1] in ("txt", "tokens", "raw") else None
