"""Files that are complete or absent, never partial."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME_BYTES = 220


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``: synced and renamed to ``path`` when the block succeeds, removed when it raises.

    Missing folders are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    short = os.fsencode(path.name)[:_NAME_BYTES].decode(errors="ignore")  # file systems allow 255 bytes
    beside = path.with_name(f".{short}.{os.getpid()}.part")
    try:
        yield beside
        with open(beside, "rb+") as file:  # Windows syncs only what is open for writing
            os.fsync(file.fileno())  # or after a power cut the new name may lead to an empty file
        os.replace(beside, path)
    except OSError as error:
        if error.filename is None:  # a write to a full disk doesn't say where
            error.filename = str(path)
        raise
    finally:
        beside.unlink(missing_ok=True)
