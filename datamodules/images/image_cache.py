"""The article's cleaning, and a cache of decoded photos: every file is read and decoded once.

**What it does.** Reads each photo once: whether it can be decoded, the SHA-256 of its bytes, a perceptual hash, and (as
long as they fit into ``cache_gb``) its pixels at the size needed. What it found is kept on disk, so that a second start
reads no photo at all; the pixels are memory-mapped, so that memory does not grow with the number of photos.

**Safety.** The cache is written beside its place and renamed when whole; a half-written one is never taken for it. Arrays
are stored without pickle. Its key is every file's name, size and time of change. Nothing of the user's is changed.

**Source.** The cleaning of "8 Deep Learning Best Practices I Learned About in 2017" (files that aren't images, broken and
truncated ones, duplicates).
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

from .decode import MAX_PIXELS, Pixels, UnusablePhoto, decode_photo, difference_hash

log = logging.getLogger(__name__)
_VERSION = "1"  # of what is stored; raise it when decoding changes
_UNOPENED = "cannot be opened"
_CHUNK = 64  # photos decoded before any is written: bounds memory


@dataclass(frozen=True)
class ScannedPhotos:
    """What is known of each of ``N`` files, in the order they were given.

    Attributes:
        reason: ``[N]`` strings: why a file can't be used; empty where it can.
        sha256: ``[N]`` hexadecimal digests of the bytes; empty where the file can't be opened.
        dhash: ``uint64 [N]``, perceptual hashes.
        shape: ``int32 [N, 2]``, height and width of the decoded pixels.
        offset: ``int64 [N]``, where each photo's pixels begin in ``pixels``.
        pixels: Path of the memory-mapped pixels, or ``None`` where they would not fit.
    """

    reason: NDArray[np.str_]
    sha256: NDArray[np.str_]
    dhash: NDArray[np.uint64]
    shape: NDArray[np.int32]
    offset: NDArray[np.int64]
    pixels: Path | None


def scan_photos(
    paths: Sequence[Path],
    short_side: int,
    cache: Path,
    cache_gb: float = 4.0,
    max_pixels: int = MAX_PIXELS,
) -> ScannedPhotos:
    """Decode every photo once, or take what an earlier call found.

    Args:
        paths: The files.
        short_side: Pixels of the shorter side of the decoded photos.
        cache: Folder for what was found; made if missing. Older entries leave it when all would exceed ``cache_gb``.
        cache_gb: At most this many GB of pixels are kept; 0 keeps none, and photos are decoded whenever they are needed.
        max_pixels: Refuse images with more pixels than this.

    Returns:
        One entry per path.
    """
    cache.mkdir(parents=True, exist_ok=True)
    limit = int(cache_gb * 1e9)
    entry = cache / f"photos-{_key(paths, short_side, cache_gb > 0, max_pixels)}"
    with FileLock(cache / ".lock"):
        for left in cache.glob(".unfinished-*"):  # of a process that was killed: only the holder of the lock writes here
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
    """Whether a stored entry is what a scan would store now: with pixels if they fit, and nothing that could not be opened."""
    if not entry.is_dir():
        return False
    found = _load(entry)
    needed = int(found.shape.prod(axis=1, dtype=np.int64).sum()) * 3
    opened = not any(reason.startswith(_UNOPENED) for reason in found.reason.tolist())
    return opened and (found.pixels is not None) == (limit > 0 and needed <= limit)


def _load(entry: Path) -> ScannedPhotos:
    with np.load(entry / "index.npz", allow_pickle=False) as index:
        pixels = entry / "pixels.bin"
        return ScannedPhotos(**{name: index[name] for name in index.files}, pixels=pixels if pixels.exists() else None)


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
        warnings.simplefilter("ignore")  # PIL warns of odd metadata and of sizes that are checked anyhow
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
            log.info(f"{end / 1e9:.1f} GB of pixels exceed data.cache_gb={limit / 1e9:g}: photos are decoded as needed.")
    np.savez(
        folder / "index.npz",
        reason=np.array([photo.reason for photo in photos], dtype=np.str_),
        sha256=np.array([photo.sha256 for photo in photos], dtype=np.str_),
        dhash=np.array([photo.dhash for photo in photos], dtype=np.uint64),
        shape=shape,
        offset=offset,
    )


def _evict(cache: Path, keep: Path, limit: int) -> None:
    """Drop the entries used longest ago until all together fit; never the one in use."""
    entries = sorted((path for path in cache.glob("photos-*") if path != keep), key=lambda path: path.stat().st_mtime)
    sizes = {path: sum(file.stat().st_size for file in path.iterdir()) for path in [*entries, keep]}
    total = sum(sizes.values())
    for path in entries:
        if total <= limit:
            return
        shutil.rmtree(path)
        total -= sizes[path]


def near_duplicates(dhash: NDArray[np.uint64], distance: int = 3, most: int = 10_000) -> list[tuple[int, int]]:
    """Pairs of photos whose perceptual hashes differ in at most ``distance`` of 64 bits.

    Two hashes that differ in at most 3 bits agree in at least one of their four 16-bit parts, so only photos that share a
    part are compared: nearly linear in the number of photos.

    Args:
        dhash: ``uint64 [N]``.
        distance: At most 3.
        most: Stop after so many pairs: frames of one video, or scans of one form, all look alike.

    Returns:
        Pairs ``(i, j)`` with ``i < j``, sorted.
    """
    pairs: set[tuple[int, int]] = set()
    for shift in (0, 16, 32, 48):
        part = (dhash >> np.uint64(shift)) & np.uint64(0xFFFF)
        order = np.argsort(part, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(part[order].astype(np.int64)) != 0])
        for bucket in np.split(order, starts[1:]):
            for place, i in enumerate(bucket[:-1]):
                differing = np.bitwise_count(dhash[bucket[place + 1 :]] ^ dhash[i])
                pairs.update((min(i, j), max(i, j)) for j in bucket[place + 1 :][differing <= distance].tolist())
                if len(pairs) >= most:
                    return sorted((int(i), int(j)) for i, j in pairs)[:most]
    return sorted((int(i), int(j)) for i, j in pairs)
