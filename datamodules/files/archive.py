"""Archives as challenges hand them out: unpacked once, beside their place, and only where no entry leaves the folder."""

from __future__ import annotations

import hashlib
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from filelock import FileLock
from practicum.lightning_shim import MisconfigurationException

_PHOTOS = (".jpg", ".jpeg", ".png")
_FOREIGN = (".7z", ".tar", ".gz", ".rar")


def opened(root: Path, unpacked: Path) -> Path:
    """The folder that holds what ``root`` holds: ``root`` itself, or what is unpacked from it.

    Args:
        root: A folder, one that holds zip files (``train.zip test.zip labels.csv.zip``), or a zip file; zip files within are
            unpacked, too.
        unpacked: Folder for what is unpacked; it is there whole or not at all, and unpacked once.

    Raises:
        MisconfigurationException: Nothing there, an archive that is broken, of another kind, larger than the disk has room, or
            with an entry that leads outside.
    """
    if not root.exists():
        raise MisconfigurationException(f"data.root={root}: no such folder or archive.")
    if root.is_dir():
        folders = [each for each in root.iterdir() if each.is_dir() and not each.name.startswith((".", "__"))]
        archives = sorted(root.glob("*.zip"))
        if folders or not archives:
            foreign = [each for each in root.iterdir() if each.suffix in _FOREIGN]
            if foreign and not folders:
                raise MisconfigurationException(f"{foreign[0]}: only zip files are unpacked here; unpack it beside itself.")
            return root
        loose = [each for each in root.iterdir() if each.suffix == ".csv"]
    elif zipfile.is_zipfile(root):
        archives, loose = [root], []
    else:
        raise MisconfigurationException(f"data.root={root}: is no folder and no whole zip file; fetch it again, or unpack it.")
    facts = [f"{each.resolve()} {each.stat().st_size} {each.stat().st_mtime_ns}" for each in [*archives, *loose]]
    place = unpacked / f"{root.stem}-{hashlib.sha256(chr(10).join(facts).encode()).hexdigest()[:12]}"
    unpacked.mkdir(parents=True, exist_ok=True)
    with FileLock(unpacked / f".{place.name}.lock"):
        if place.is_dir():
            return place
        work = unpacked / f".unfinished-{place.name}"
        shutil.rmtree(work, ignore_errors=True)  # of a process that was killed
        work.mkdir()
        try:
            for archive in archives:
                unpack(archive, work)
            for file in loose:
                shutil.copy2(file, work / file.name)
            work.rename(place)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return place


def unpack(archive: Path, into: Path) -> None:
    """Unpack a zip file, and those it holds; photos that lie in no folder go to one of the archive's name.

    Raises:
        MisconfigurationException: See :func:`opened`.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            entries = [entry for entry in file.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")]
            for entry in entries:
                _refuse_escape(archive, entry)
            size, free = sum(entry.file_size for entry in entries), shutil.disk_usage(into).free
            if size > free:
                raise MisconfigurationException(
                    f"{archive}: needs {size / 1e9:.1f} GB, and the disk of {into} has {free / 1e9:.1f} GB left; make room."
                )
            bare = any("/" not in entry.filename and entry.filename.lower().endswith(_PHOTOS) for entry in entries)
            place = into / archive.stem if bare else into
            file.extractall(place, entries)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise MisconfigurationException(f"{archive}: can't be unpacked ({error}); fetch it again.") from error
    for entry in entries:
        inner = place / entry.filename
        if inner.suffix == ".zip":
            unpack(inner, inner.parent)
            inner.unlink()


def _refuse_escape(archive: Path, entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    link = stat.S_ISLNK(entry.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or link:
        raise MisconfigurationException(
            f"{archive}: its entry {entry.filename!r} leads out of the folder; do not trust this file."
        )


def find(root: Path, names: tuple[str, ...], folder: bool) -> Path | None:
    """The file or folder of one of these names that lies least deep, at most three folders down."""
    for name in names:
        for depth in range(4):
            found = sorted(root.glob("/".join([*["*"] * depth, name])))
            found = [each for each in found if (each.is_dir() if folder else each.is_file())]
            if found:
                return found[0]
    return None
