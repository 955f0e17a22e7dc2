"""Readers of labelled texts: folders of files, archives of such folders, files of lines; tables are read by :mod:`.csv_texts`.

Each reader yields one :class:`Document` at a time, so that a corpus may be larger than memory.
"""

from __future__ import annotations

import lzma
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from practicum.lightning_shim import MisconfigurationException

from ..files.own_encoding import own_encoding
from ..files.quoting import listed, plain
from ..files.say_once import say_once
from .split_names import UNLABELLED, split_of

_KNOWN_ENDINGS = {
    *(".txt", ".csv", ".tsv", ".tab", ".json", ".jsonl", ".ndjson", ".parquet", ".xls", ".xlsx", ".ods", ".xml", ".yaml", ".yml"),
    *(".md", ".rst", ".html", ".htm", ".pdf", ".doc", ".docx", ".odt", ".rtf", ".eml", ".log", ".ini", ".toml", ".cfg", ".lock"),
    *(".gz", ".zip", ".tar", ".tgz", ".bz2", ".xz", ".7z", ".zst", ".rar", ".bak", ".orig", ".old", ".tmp", ".swp", ".part"),
    *(".py", ".pyc", ".ipynb", ".sh", ".r", ".js", ".npy", ".npz", ".pkl", ".pt", ".h5", ".db", ".sqlite", ".jpg", ".png"),
}
_AMBIGUOUS = ("dev", "eval", "val")  # names of splits that classes may well have
_WANTED = (
    "expected: ROOT/train/<class>/*.txt beside ROOT/test or ROOT/valid, ROOT/<class>/*.txt, or ROOT/<name>.<class> of lines; "
    "texts without classes are for a language model, PlainText (data=language_model)"
)


@dataclass(frozen=True)
class Document:
    """A text with its split and label.

    Attributes:
        text: The text; ``None`` if it isn't valid UTF-8, or holds zero bytes.
        split: One of :data:`.SPLITS`.
        label: Its class, if it has one.
        name: Where it was found.
        ends: Whether its last line ends here; ``False`` for a part of a longer line.
    """

    text: str | None
    split: str
    label: str | None
    name: str
    ends: bool = True


def read_folder(root: Path) -> Iterator[Document]:
    """Read text files in class folders (aclImdb's layout: ``train/pos/*.txt``), or files ``<name>.<class>`` with a text per line.

    Texts below ``unsup`` have no label.

    Raises:
        MisconfigurationException: The folder is missing or has another layout.
    """
    if not root.is_dir():
        raise MisconfigurationException(f"{root}: no such folder; give the folder that holds your texts.")
    root = _without_wrapper(root)
    files = [path for path in _texts_below(root) if path.parent != root]
    lines = [] if files else sorted(path for path in root.iterdir() if _class_of_lines(path))
    if not files and len(lines) < 2:
        raise MisconfigurationException(f"{root}: holds no texts of classes; {_WANTED}.")
    if lines:
        say_once(f"{root}: the endings of its files are taken for classes: {listed(sorted({*map(_ending, lines)}), 10)}.")
    _say_of_others(root, files)
    found, left_out, parts = 0, 0, [path.relative_to(root).parts for path in files]
    flat = _are_classes(root, parts)
    for path, names in zip(files, parts, strict=True):
        split_and_label = ("train", names[0]) if flat and split_of(names[0]) != UNLABELLED else _split_and_label(names)
        left_out += split_and_label is None
        if split_and_label is not None:
            found += 1
            yield _document(path.read_bytes(), *split_and_label, str(path))
    if left_out and found:
        say_once(f"{root}: texts in no folder of a class are left out: {left_out:,}.")
    for path in lines:
        for number, line in enumerate(_lines_of(path), 1):
            found += 1
            yield _document(line, split_of(path.stem) or "train", _class_of_lines(path), f"{path}:{number}")
    if not found:
        raise MisconfigurationException(f"{root}: holds no texts of classes; {_WANTED}.")


def _are_classes(root: Path, parts: Sequence[tuple[str, ...]]) -> bool:
    """Whether all folders at the top are classes, also ``dev``, which is a word for validation and for development."""
    folders = {each[0] for each in parts}
    if not all(len(each) == 2 for each in parts) or all(map(split_of, folders)):
        return False
    named = sorted(each for each in folders if split_of(each) not in (None, UNLABELLED))
    if any(each.lower() not in _AMBIGUOUS for each in named):  # a loose test beside classes
        return False
    if named:
        say_once(f"{root}: {listed(named, 3)}: taken for a class, as its other folders are.")
    return True


def _say_of_others(root: Path, files: Sequence[Path]) -> None:
    """Say how many files lie where texts of classes do, and are none."""
    others = [path for path in root.rglob("*") if path.suffix.lower() != ".txt" and _in_class_folder(path, root)] if files else []
    if others:
        first = min(others).name
        say_once(f"{root}: files in folders of classes that are no .txt are not read: {len(others):,}, such as {first}.")


def _is_hidden(path: Path, root: Path) -> bool:
    """Whether a file is a copy or a note of an editor or of a system: ``.ipynb_checkpoints``, ``__MACOSX``, ``._1.txt``."""
    return any(part[0] == "." or part == "__MACOSX" for part in path.relative_to(root).parts)


def _texts_below(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.suffix.lower() == ".txt" and not _is_hidden(path, root))


def _without_wrapper(root: Path) -> Path:
    """Return the folder of splits or classes: below a lone folder, as unpacked archives have it."""
    while True:
        inner = [each for each in root.iterdir() if each.is_dir() and not _is_hidden(each, root)]
        if len(inner) != 1 or split_of(inner[0].name) or not any(_holds_texts(each) for each in inner[0].iterdir()):
            return root
        root = inner[0]


def _holds_texts(folder: Path) -> bool:
    return folder.is_dir() and not _is_hidden(folder, folder.parent) and bool(_texts_below(folder))


def _class_of_lines(path: Path) -> str | None:
    """Return ``pos`` for ``rt-polarity.pos``: a suffix that isn't a known file type is taken as a class."""
    is_class = path.suffix and path.suffix.lower() not in _KNOWN_ENDINGS and path.suffix[-1] != "~" and path.stem[0] != "."
    return _ending(path) if is_class and path.is_file() else None


def _ending(path: Path) -> str:
    return path.suffix[1:]


def _in_class_folder(path: Path, root: Path) -> bool:
    """Whether a file lies where texts of classes do."""
    below = path.parent != root and not _is_hidden(path, root) and path.is_file()
    return below and _split_and_label(path.relative_to(root).parts) is not None


def _lines_of(path: Path) -> list[bytes]:
    """The lines of a file in UTF-8, also of one in UTF-16, as Windows' editor and PowerShell write it."""
    encoding = own_encoding(path) or ""
    if encoding.startswith(("utf-16", "utf-32")):
        try:
            return [line.encode() for line in path.read_text(encoding=encoding).splitlines()]
        except UnicodeDecodeError as error:
            raise MisconfigurationException(f"{path}: is damaged {encoding} ({error.reason}); save it as UTF-8.") from error
    return path.read_bytes().splitlines()


def _split_and_label(parts: tuple[str, ...]) -> tuple[str, str | None] | None:
    """Return split and label of a file by its folders; ``None`` for files outside, such as a word list."""
    split = split_of(parts[0])
    label = parts[0] if split is None else parts[1] if len(parts) > 2 else None
    if split == UNLABELLED or (label is not None and split_of(label) == UNLABELLED):
        return UNLABELLED, None
    return None if label is None else (split or "train", label)


def _document(raw: bytes, split: str, label: str | None, name: str) -> Document:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Document(None, split, label, name)
    return Document(None if "\0" in text else text, split, label, name)  # zero bytes: UTF-16, or no text


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
                if not entry.isfile() or path.suffix.lower() != ".txt":
                    continue
                parts = path.parts
                start = next((depth for depth, part in enumerate(parts[:-1]) if split_of(part)), None)
                split_and_label = None if start is None else _split_and_label(parts[start:])
                content = file.extractfile(entry)
                if split_and_label is not None and content is not None:
                    found += 1
                    yield _document(content.read(), *split_and_label, entry.name)
    except (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError) as error:
        reason = plain(" ".join(str(error).split()), 200)
        raise MisconfigurationException(f"{archive}: can't be read ({reason}); download it again.") from error
    if not found:
        raise MisconfigurationException(f"{archive}: holds no train/<class>/*.txt.")
