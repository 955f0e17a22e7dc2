"""A cache of decoded photos: every file is read and decoded once.

**What it does.** Reads each photo once and stores whether it can be decoded, the SHA-256 of its bytes, a perceptual hash, and
(as long as they fit into ``cache_gb``) its pixels at the size needed. A second start reads no photo at all; the pixels are
memory-mapped, so memory doesn't grow with the number of photos.

**Safety.** An entry is written to a temporary folder and renamed when complete, so a partial one is never used. Arrays are
stored without pickle. The key is every file's name, size and modification time. The user's files are never changed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray
from rich.progress import track

from .decode import MAX_PIXELS, Pixels, UnusablePhoto, decode_photo
from .perceptual_hash import difference_hash

log = logging.getLogger(__name__)
_VERSION = "1"  # of what is stored; raise it when decoding changes
_UNOPENED = "cannot be opened"
_CHUNK = 64  # photos decoded before they are written: bounds memory


@dataclass(frozen=True)
class ImageIndex:
    """Facts about each of ``N`` files, in the order given.

    Attributes:
        reason: ``[N]`` strings: why a file can't be used; empty if it can.
        sha256: ``[N]`` hexadecimal digests of the bytes; empty if the file can't be opened.
        dhash: ``uint64 [N]``, perceptual hashes.
        shape: ``int32 [N, 2]``, height and width of the decoded pixels.
        offset: ``int64 [N]``, where each photo's pixels begin in ``pixels``.
        pixels: File of the pixels, or ``None`` if they don't fit into the cache.
    """

    reason: NDArray[np.str_]
    sha256: NDArray[np.str_]
    dhash: NDArray[np.uint64]
    shape: NDArray[np.int32]
    offset: NDArray[np.int64]
    pixels: Path | None

    def store(self, rows: Sequence[int] | NDArray[np.int64]) -> tuple[Path, NDArray[np.int64], NDArray[np.int32]] | None:
        """``(file, offsets, shapes)`` of these photos' pixels, or ``None`` if there are none."""
        return None if self.pixels is None else (self.pixels, self.offset[rows], self.shape[rows])


def index_images(
    paths: Sequence[Path],
    short_side: int,
    cache: Path,
    cache_gb: float = 4.0,
    max_pixels: int = MAX_PIXELS,
) -> ImageIndex:
    """Decode every photo once, or load the entry of an earlier call.

    Args:
        paths: The files.
        short_side: Shorter side of the decoded photos, in pixels.
        cache: Folder of the entries; created if missing. The least recently used are evicted when all exceed ``cache_gb``.
        cache_gb: Upper limit of the pixels on disk, in GB; 0: none are stored, and photos are decoded whenever they are needed.
        max_pixels: Reject images with more pixels than this.

    Returns:
        One entry per path.
    """
    cache.mkdir(parents=True, exist_ok=True)
    limit = int(cache_gb * 1e9)
    entry = cache / f"photos-{_key(paths, short_side, cache_gb > 0, max_pixels)}"
    with FileLock(cache / ".lock"):
        for left in cache.glob(".unfinished-*"):  # of a killed process: only the holder of the lock writes here
            shutil.rmtree(left)
        if not _fits(entry, limit):
            work = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=cache))
            try:
                _write(paths, short_side, limit, max_pixels, work)
                shutil.rmtree(entry, ignore_errors=True)
                work.rename(entry)
            finally:
                shutil.rmtree(work, ignore_errors=True)
        os.utime(entry)
        if limit:
            _evict(cache, keep=entry, limit=limit)
        return _load(entry)


def _fits(entry: Path, limit: int) -> bool:
    """Whether a stored entry is what would be stored now: with pixels if they fit, and without files that could not be opened."""
    if not entry.is_dir():
        return False
    found = _load(entry)
    needed = int(found.shape.prod(axis=1, dtype=np.int64).sum()) * 3
    opened = not any(reason.startswith(_UNOPENED) for reason in found.reason.tolist())
    return opened and (found.pixels is not None) == (limit > 0 and needed <= limit)


def _load(entry: Path) -> ImageIndex:
    with np.load(entry / "index.npz", allow_pickle=False) as index:
        pixels = entry / "pixels.bin"
        return ImageIndex(**{name: index[name] for name in index.files}, pixels=pixels if pixels.exists() else None)


def _key(paths: Sequence[Path], short_side: int, with_pixels: bool, max_pixels: int) -> str:
    digest = hashlib.sha256(f"{_VERSION} {short_side} {with_pixels} {max_pixels}\n".encode())
    for path in paths:
        try:
            stat = path.stat()
            facts = f"{stat.st_size} {stat.st_mtime_ns}"
        except OSError:
            facts = "unreadable"
        digest.update(f"{os.path.abspath(path)} {facts}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:20]


@dataclass
class _Photo:
    reason: str = ""
    sha256: str = ""
    pixels: Pixels | None = None
    dhash: int = 0


def _read(path: Path, short_side: int, max_pixels: int) -> _Photo:
    photo = _Photo()
    try:
        with open(path, "rb") as file:
            photo.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        photo.pixels = decode_photo(path, short_side, max_pixels)
        photo.dhash = difference_hash(photo.pixels)
    except UnusablePhoto as verdict:
        photo.reason = str(verdict)
    except OSError as error:
        photo.reason = f"{_UNOPENED} ({error.strerror or error})"
    return photo


def _write(paths: Sequence[Path], short_side: int, limit: int, max_pixels: int, folder: Path) -> None:
    count = len(paths)
    photos: list[_Photo] = []
    shape = np.zeros((count, 2), np.int32)
    offset = np.zeros(count, np.int64)
    end = 0
    store = folder / "pixels.bin"
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool, open(store, "wb") as file:
        warnings.simplefilter("ignore")  # PIL warns about odd metadata and about sizes that are checked anyway
        for start in track(range(0, count, _CHUNK), description="Reading photos", disable=count < 4 * _CHUNK, transient=True):
            chunk = pool.map(lambda path: _read(path, short_side, max_pixels), paths[start : start + _CHUNK])
            for index, photo in enumerate(chunk, start):
                if photo.pixels is not None:
                    shape[index], offset[index] = photo.pixels.shape[:2], end
                    end += photo.pixels.nbytes
                    if end <= limit:
                        file.write(np.ascontiguousarray(photo.pixels).data)
                    photo.pixels = None
                photos.append(photo)
    if end > limit or not limit:
        store.unlink()
        if limit:
            log.info(f"{end / 1e9:.1f} GB of pixels exceed cache_gb={limit / 1e9:g}: photos are decoded as needed.")
    np.savez(
        folder / "index.npz",
        reason=np.array([photo.reason for photo in photos], dtype=np.str_),
        sha256=np.array([photo.sha256 for photo in photos], dtype=np.str_),
        dhash=np.array([photo.dhash for photo in photos], dtype=np.uint64),
        shape=shape,
        offset=offset,
    )


def _evict(cache: Path, keep: Path, limit: int) -> None:
    """Remove the least recently used entries until all together fit; never the one in use."""
    entries = sorted((path for path in cache.glob("photos-*") if path != keep), key=lambda path: path.stat().st_mtime)
    sizes = {path: sum(file.stat().st_size for file in path.iterdir()) for path in [*entries, keep]}
    total = sum(sizes.values())
    for path in entries:
        if total <= limit:
            return
        shutil.rmtree(path)
        total -= sizes[path]
