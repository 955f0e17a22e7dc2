"""The encoding that a file shows by itself, before what was told of another one."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from practicum.lightning_shim import MisconfigurationException

from .csv_source import find_encoding, open_source
from .say_once import say_once

if TYPE_CHECKING:
    from .csv_format import CSVFormat

_BLOCK = 1 << 22


def own_encoding(path: Path) -> str | None:
    """Return the encoding of which a file leaves no doubt: by a byte-order mark, UTF-16, or UTF-8 that is more than ASCII.

    Args:
        path: The file, possibly gzipped.

    Returns:
        ``None`` where it may be any of those that hold ASCII.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from practicum.datamodules.files.own_encoding import own_encoding
        >>> table = Path(tempfile.mkdtemp()) / "a.csv"
        >>> _ = table.write_text("café", encoding="utf-8")
        >>> own_encoding(table)
        'utf-8'
        >>> _ = table.write_text("café", encoding="latin-1")
        >>> own_encoding(table) is None
        True
    """
    try:
        found = find_encoding(path)
    except MisconfigurationException:  # in neither of those that are looked for: in the one that was told, or refused by it
        return None
    if found != "utf-8":
        return None if found == "cp1252" else found
    plain = True
    with open_source(path) as file:
        while block := file.read(_BLOCK):
            if b"\0" in block:
                return None
            plain = plain and block.isascii()
    return None if plain else found


def told_in_training(path: Path, trained: CSVFormat | None, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was told of the training's table and holds for a new file: all of it, but for another encoding of its own.

    Args:
        path: The new file.
        trained: Format of the training's table, if there was one.
        told: What is told of the new file.
    """
    known = {} if trained is None else {name: getattr(trained, name) for name in trained.told}
    if "encoding" in known and "encoding" not in told and (own := own_encoding(path)) is not None:
        if codecs.lookup(own) != codecs.lookup(known["encoding"]):
            say_once(f"{path}: is {own} and read as such, though the training's table was {known['encoding']}.")
        del known["encoding"]
    return known
