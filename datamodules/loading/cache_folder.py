"""Folders of a cache that are whole or made again.

**What it does.** A folder is made under another name, synced to the disk, sealed with the size and the SHA-256 of each of its
files, and renamed. Before it is used, sizes and checksums are compared: a folder that a full disk, a killed copy or a bad sector
has damaged is said and made again, in place of being trained on.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from practicum.lightning_shim import MisconfigurationException

log = logging.getLogger(__name__)

SEAL = "checksums.json"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def seal(folder: Path) -> None:
    """Write sizes and checksums of a folder's files into ``checksums.json``, and sync all of them to the disk."""
    found = {}
    for path in sorted(path for path in folder.iterdir() if path.is_file() and path.name != SEAL):
        with open(path, "rb+") as file:  # Windows syncs only what is open for writing
            os.fsync(file.fileno())
            found[path.name] = [path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()]
    with open(folder / SEAL, "w", encoding="utf-8") as file:
        json.dump(found, file)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(folder)


def damage(folder: Path) -> str | None:
    """Say what is damaged in a folder that :func:`seal` has sealed; ``None`` where it is whole."""
    try:
        wanted = json.loads((folder / SEAL).read_text(encoding="utf-8"))
        for name, (size, sha256) in wanted.items():
            path = folder / name
            if not path.is_file():
                return f"{name} is missing"
            if path.stat().st_size != size:
                return f"{name} has {path.stat().st_size:,} bytes in place of {size:,}"
            with open(path, "rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    return f"{name} has another content than was written"
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return f"{SEAL} can't be read ({type(error).__name__})"
    return None


def whole_folder(folder: Path, make: Callable[[Path], None]) -> Path:
    """Return a folder of a cache that is whole: as it is, or made now; one process at a time makes it.

    Args:
        folder: The folder, within the cache.
        make: Writes the files into the folder that it is given.

    Raises:
        MisconfigurationException: The cache can't be written, or the disk is full.
    """
    cache = folder.parent
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = FileLock(cache / f".{folder.name}.lock")
        lock.acquire()
    except OSError as error:
        raise MisconfigurationException(
            f"{cache}: can't be written ({error.strerror}); give another folder, cache=FOLDER."
        ) from error
    try:
        if os.path.lexists(folder):
            found = damage(folder)
            if found is None:
                return folder
            log.warning(f"{folder}: damaged, {found}; it is made again.")
            _remove(folder)
        work = cache / f".unfinished-{folder.name}"
        _remove(work)  # left by a killed process
        work.mkdir()
        try:
            make(work)
            seal(work)
            work.rename(folder)
            sync_folder(cache)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise MisconfigurationException(
                    f"{cache}: no room on the disk ({error.strerror}); free some, or give another folder, cache=FOLDER."
                ) from error
            raise
        finally:
            _remove(work)
    finally:
        lock.release()
    return folder


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Sync a folder's entries, where the system can."""
    try:
        number = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        return
    try:
        os.fsync(number)
    except OSError:  # some network disks can't
        pass
    finally:
        os.close(number)
