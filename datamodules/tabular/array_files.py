"""Arrays on disk that are whole or absent: room is reserved before they are written, and their bytes are checked when opened.

**What it does.** A memory-mapped file has no bytes on the disk until they are written, and a full disk then ends the process
(``SIGBUS``) without a message; so its blocks are allocated first. Sizes and checksums of all files of a folder tell whether it is
as it was written.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from practicum.lightning_shim import MisconfigurationException

from ..loading.cache_folder import sync_folder

CONTENTS = "contents.json"
_BLOCK = 1 << 22
_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_FULL_TEXTS = ("No space left", "os error 28", "File too large", "os error 27", "Disk quota exceeded", "os error 122")


def create_array(path: Path, dtype: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Create an array on disk, memory-mapped; its blocks are allocated.

    Args:
        path: The ``.npy`` file.
        dtype: Type of the elements.
        shape: Its shape.

    Raises:
        OSError: The disk is full.
    """
    if not np.prod(shape):
        np.save(path, np.empty(shape, dtype))
        return np.load(path)
    with open(path, "wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        size = file.tell() + int(np.prod(shape)) * np.dtype(dtype).itemsize
        file.flush()
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:  # macOS: allocate by writing
            file.write(bytes(size - file.tell()))
    return np.load(path, mmap_mode="r+")


def is_full(error: BaseException) -> bool:
    """Whether an error says that a disk has no room left."""
    return getattr(error, "errno", None) in _FULL or any(text in str(error) for text in _FULL_TEXTS)


def disk_error(folder: Path, error: BaseException) -> MisconfigurationException:
    """An error of a disk as one sentence.

    Args:
        folder: The folder of the cache.
        error: What was raised.
    """
    if is_full(error):
        free = shutil.disk_usage(folder if folder.is_dir() else folder.parent).free
        return MisconfigurationException(
            f"{folder}: the disk has no room for the cached table ({free / 1e6:,.0f} MB are free); free some space, or "
            "set cache=FOLDER."
        )
    return MisconfigurationException(
        f"{folder}: can't be written ({getattr(error, 'strerror', None) or error}); set cache=FOLDER."
    )


def seal(folder: Path) -> None:
    """Write sizes and checksums of a folder's files to ``contents.json``, and everything to the disk."""
    contents = {path.name: _facts(path) for path in sorted(folder.iterdir())}
    (folder / CONTENTS).write_text(json.dumps(contents), encoding="utf-8")
    for path in folder.iterdir():
        with open(path, "rb+") as file:  # Windows syncs only what is open for writing
            os.fsync(file.fileno())
    sync_folder(folder)


def find_damage(folder: Path) -> str | None:
    """What is wrong with a folder that :func:`seal` closed; ``None``: nothing."""
    try:
        contents = json.loads((folder / CONTENTS).read_text(encoding="utf-8"))
        for name, facts in contents.items():
            path = folder / name
            if not path.is_file():
                return f"{name} is missing"
            if path.stat().st_size != facts[0]:
                return f"{name} has {path.stat().st_size:,} bytes instead of {facts[0]:,}"
            if _facts(path) != facts:
                return f"{name} has other contents than were written"
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        return f"{CONTENTS} can't be read ({error})"
    return None


def _facts(path: Path) -> list[int]:
    checksum = 0
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            checksum = zlib.crc32(block, checksum)
    return [path.stat().st_size, checksum]
