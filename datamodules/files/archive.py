"""Zip archives as challenges distribute them: extracted once, and only if no entry leads out of the folder."""

from __future__ import annotations

import errno
import hashlib
import lzma
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from filelock import FileLock
from practicum.lightning_shim import MisconfigurationException

from .quoting import plain, quoted

_PHOTOS = (".jpg", ".jpeg", ".png")
_FOREIGN = (".7z", ".tar", ".gz", ".rar")
# What zipfile and the system raise on damaged archives and on names that can't be files.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    IndexError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)  # no fault of the archive


def extract_once(root: Path, unpacked: Path) -> Path:
    """The folder with the contents of ``root``: ``root`` itself, or what is extracted from it, once.

    Args:
        root: A folder, a folder of zip files (``train.zip test.zip labels.csv.zip``), or a zip file; zip files inside are
            extracted, too.
        unpacked: Parent of the folders that archives are extracted to; each is complete or absent.

    Raises:
        MisconfigurationException: ``root`` doesn't exist; the archive is broken, of another kind, too large for the disk, or has
            an entry that leads out of the folder.
    """
    if not root.exists():
        raise MisconfigurationException(f"{root}: no such folder or archive.")
    if root.is_dir():
        folders = [each for each in root.iterdir() if each.is_dir() and not each.name.startswith((".", "__"))]
        archives = sorted(root.glob("*.zip"))
        if folders or not archives:
            foreign = [each for each in root.iterdir() if each.suffix in _FOREIGN]
            if foreign and not folders:
                raise MisconfigurationException(
                    f"{foreign[0]}: only zip files are extracted here; extract it into the same folder first."
                )
            return root
        loose = [each for each in root.iterdir() if each.suffix == ".csv"]
    elif zipfile.is_zipfile(root):
        archives, loose = [root], []
    else:
        raise MisconfigurationException(f"{root}: is neither a folder nor a complete zip file; download it again, or extract it.")
    facts = [f"{each.resolve()} {each.stat().st_size} {each.stat().st_mtime_ns}" for each in [*archives, *loose]]
    target = unpacked / f"{root.stem}-{hashlib.sha256(chr(10).join(facts).encode()).hexdigest()[:12]}"
    unpacked.mkdir(parents=True, exist_ok=True)
    with FileLock(unpacked / f".{target.name}.lock"):
        if target.is_dir():
            return target
        work = unpacked / f".unfinished-{target.name}"
        shutil.rmtree(work, ignore_errors=True)  # of a killed process
        work.mkdir()
        try:
            for archive in archives:
                extract(archive, work)
            for file in loose:
                shutil.copy2(file, work / file.name)
            work.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return target


def without_zip(root: Path, cache: Path) -> Path:
    """What is in a zip file, extracted once: its folder, or a lone folder or file in it; any other path is returned as it is.

    Args:
        root: A file or folder.
        cache: Folder that keeps what is extracted, in ``unpacked``.

    Raises:
        MisconfigurationException: See :func:`extract_once`.
    """
    if root.suffix.lower() != ".zip" or not root.is_file():
        return root
    found = extract_once(root, cache / "unpacked")
    while True:
        inner = [each for each in found.iterdir() if not each.name.startswith((".", "__MACOSX"))]
        if len(inner) != 1:
            return found
        found = inner[0]
        if found.is_file():
            return found


def extract(archive: Path, into: Path) -> None:
    """Extract a zip file and those inside it; if photos lie in no folder, everything goes to one named after the archive.

    Raises:
        MisconfigurationException: See :func:`extract_once`.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            entries = [entry for entry in file.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")]
            for entry in entries:
                _reject_escape(archive, entry)
            size, free = sum(entry.file_size for entry in entries), shutil.disk_usage(into).free
            if size > free:
                raise MisconfigurationException(
                    f"{archive}: needs {size / 1e9:.1f} GB, and the disk of {into} has {free / 1e9:.1f} GB left; free some space."
                )
            flat = any("/" not in entry.filename and entry.filename.lower().endswith(_PHOTOS) for entry in entries)
            target = into / archive.stem if flat else into
            file.extractall(target, entries)
    except _DAMAGED as error:
        if isinstance(error, OSError) and error.errno in _DISK:
            raise
        reason = plain(" ".join(str(error).split()), 200)
        raise MisconfigurationException(f"{archive}: can't be extracted ({reason}); download it again.") from error
    for entry in entries:
        inner = target / entry.filename
        if inner.suffix == ".zip":
            extract(inner, inner.parent)
            inner.unlink()


def _reject_escape(archive: Path, entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    link = stat.S_ISLNK(entry.external_attr >> 16)
    if not path.parts:
        raise MisconfigurationException(f"{archive}: has an entry without a name; download it again.")
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or link:
        raise MisconfigurationException(
            f"{archive}: its entry {quoted(entry.filename)} leads out of the folder; do not trust this file."
        )


def find_shallowest(root: Path, names: tuple[str, ...], folder: bool) -> Path | None:
    """The shallowest file or folder with the first of these names that is found, at most three folders down; else ``None``."""
    for name in names:
        for depth in range(4):
            found = sorted(root.glob("/".join([*["*"] * depth, name])))
            found = [each for each in found if (each.is_dir() if folder else each.is_file())]
            if found:
                return found[0]
    return None
