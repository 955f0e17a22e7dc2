"""Files below a folder as people keep photos: what systems and programs leave beside them is skipped, links are followed.

Names that are no UTF-8 (zip files from Windows) are read as they are and shown escaped.
"""

from __future__ import annotations

import logging
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import listed
from ..files.say_once import say_once
from ..loading.cache_folder import SEAL

# Left by macOS, Windows, storage devices and Python; names that begin with a dot are skipped too (.ipynb_checkpoints, ._a.jpg).
_LEFTOVERS = frozenset(
    {
        "__macosx",
        "__pycache__",
        "thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "icon\r",
        "@eadir",
        "#recycle",
        "$recycle.bin",
        "system volume information",
        "lost+found",
    }
)
# What practicum leaves in its folders, and a part of its text that a file of that name from elsewhere does not have.
_MARKS = {
    os.path.join(".hydra", "config.yaml"): re.compile(r"_target_: practicum\."),
    "multirun.yaml": re.compile(r"\bpracticum\b"),
    SEAL: re.compile(r'^\{"[^"]+": \[\d+, "[0-9a-f]{64}"\]'),
}
_NO_PHOTOS = (".npy", ".csv", ".html", ".json", ".log")  # what may lie beside these folders: stored features, tables, pages


def is_leftover(name: str) -> bool:
    """Whether a file or folder is hidden, or left by a system rather than put there by a person.

    Example:
        >>> from practicum.datamodules.images.photo_files import is_leftover
        >>> [is_leftover(name) for name in (".ipynb_checkpoints", "__MACOSX", "Thumbs.db", "cat")]
        [True, True, True, False]
    """
    return name.startswith(".") or name.lower() in _LEFTOVERS


def printable(name: str | os.PathLike[str]) -> str:
    r"""A file's name as text that can be written: bytes that are no UTF-8 as ``\xe9``.

    Example:
        >>> import os
        >>> from practicum.datamodules.images.photo_files import printable
        >>> printable(os.fsdecode(b"caf\xe9.jpg"))
        'caf\\xe9.jpg'
    """
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")


def class_name(folder: Path) -> str:
    """A folder's name as a class: printable, and alike whether a letter and its accent are one character or two (macOS)."""
    return unicodedata.normalize("NFC", printable(folder.name))


def is_own(folder: Path) -> bool:
    """Whether a folder was written by practicum: a run, a sweep, a part of a cache, or one with nothing but such folders."""
    try:
        for name, mark in _MARKS.items():
            if os.path.isfile(folder / name) and mark.search((folder / name).read_text(encoding="utf-8", errors="replace")):
                return True
        with os.scandir(folder) as found:
            inner = []
            for each in found:
                if is_leftover(each.name):
                    continue
                if each.is_dir(follow_symlinks=False):
                    inner.append(Path(each.path))
                elif not each.name.lower().endswith(_NO_PHOTOS):  # a photo, usually at once
                    return False
    except OSError:  # one that can't be read is refused where it is entered
        return False
    return bool(inner) and all(map(is_own, inner))


def entries(folder: Path) -> list[Path]:
    """What a folder holds, without leftovers, sorted.

    Raises:
        MisconfigurationException: It can't be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if not is_leftover(path.name))
    except OSError as error:
        raise MisconfigurationException(f"{printable(folder)}: this folder can't be read ({error.strerror or error}).") from error


def subfolders(folder: Path) -> list[Path]:
    """The folders directly in a folder, links to folders among them; without those of runs and caches."""
    found = [path for path in entries(folder) if os.path.isdir(path)]
    own = [path for path in found if is_own(path)]
    if own:
        names = listed([printable(each.name) for each in own], 5)
        say_once(f"{printable(folder)}: {names} not read: runs and caches of this program.", logging.INFO)
    return [path for path in found if path not in own]


def files_in(folder: Path) -> list[Path]:
    """The files directly in a folder. Links that lead nowhere are among them, so that they are reported, but no devices."""
    return [path for path in entries(folder) if os.path.isfile(path) or (os.path.islink(path) and not os.path.exists(path))]


def files_below(folder: Path) -> list[Path]:
    """All files of a folder, its folders and linked folders, sorted; each folder is entered once, so that links can't loop."""
    return sorted(_walk(folder, {_identity(each) for each in (folder, *folder.absolute().parents)}))


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    yield from files_in(folder)
    for inner in subfolders(folder):
        identity = _identity(inner)
        if identity not in seen:
            seen.add(identity)
            yield from _walk(inner, seen)


def _identity(folder: Path) -> tuple[int, int]:
    status = os.stat(folder)
    return status.st_dev, status.st_ino
