"""A cache of decoded photos: every file is read and decoded once.

**What it does.** Reads each photo once and stores whether it can be decoded, the SHA-256 of its bytes, a perceptual hash, and
(as long as they fit into ``cache_gb``) its pixels at the size needed. A second start reads no photo at all; the pixels are
memory-mapped, so memory doesn't grow with the number of photos.

**Safety.** An entry is written to a temporary folder, synced and renamed when complete, so a partial one is never used; sizes and
checksums of its files are compared before it is used, and a damaged one is made anew. Room on the disk is reserved before pixels
are written; where there is none, or the folder can't be written, photos are decoded as they are needed. Arrays are stored without
pickle. The key is every file's name, size and times of modification. The user's files are never changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from ..loading.cache_folder import damage, seal
from .decode import MAX_PIXELS, CropMode
from .deep_grey import GreyRange, Levels
from .photo_facts import UNOPENED, PixelFile, read_photos
from .photo_files import printable

log = logging.getLogger(__name__)
_VERSION = "3"  # of what is stored; raise it when decoding changes
_ENTRY = re.compile(r"photos-[0-9a-f]{20}")
_UNFINISHED = ".unfinished-photos-"  # texts and tables keep their own in the same folder, under their own locks


@dataclass(frozen=True)
class ImageIndex:
    """Facts about each of ``N`` files, in the order given.

    Attributes:
        reason: ``[N]`` strings: why a file can't be used; empty if it can.
        sha256: ``[N]`` hexadecimal digests of the bytes; empty if the file can't be opened.
        dhash: ``uint64 [N]``, perceptual hashes.
        levels: ``float64 [N, 3]``: of grey photos of more than 8 bits the lowest and the highest value, and 1 for floating point;
            of others NaN.
        thumbnail: ``uint8 [N, 16, 16, 3]``.
        shape: ``int32 [N, 2]``, height and width of the decoded pixels.
        offset: ``int64 [N]``, where each photo's pixels begin in ``pixels``.
        pixels: File of the pixels, or ``None`` if they don't fit into the cache.
        grey_ranges: The values of deep grey photos that are black and white, by kind.
    """

    reason: NDArray[np.str_]
    sha256: NDArray[np.str_]
    dhash: NDArray[np.uint64]
    levels: NDArray[np.float64]
    thumbnail: NDArray[np.uint8]
    shape: NDArray[np.int32]
    offset: NDArray[np.int64]
    pixels: Path | None
    grey_ranges: dict[str, GreyRange]

    @property
    def deep(self) -> NDArray[np.bool_]:
        """``[N]``, whether a photo is grey with more than 8 bits."""
        return ~np.isnan(self.levels[:, 0])

    def grey_levels(self) -> list[Levels]:
        """Levels of the usable photos that are grey with more than 8 bits."""
        rows = self.levels[self.deep & (self.reason == "")].tolist()
        return [Levels(low, high, bool(floating)) for low, high, floating in rows]

    def store(self, rows: Sequence[int] | NDArray[np.int64]) -> tuple[Path, NDArray[np.int64], NDArray[np.int32]] | None:
        """``(file, offsets, shapes)`` of these photos' pixels, or ``None`` if there are none."""
        return None if self.pixels is None else (self.pixels, self.offset[rows], self.shape[rows])


def index_images(
    paths: Sequence[Path],
    short_side: int,
    cache: Path,
    cache_gb: float = 4.0,
    max_pixels: int = MAX_PIXELS,
    grey_ranges: Mapping[str, GreyRange] | None = None,
    crop_mode: CropMode = "center",
) -> ImageIndex:
    """Decode every photo once, or load the entry of an earlier call.

    Args:
        paths: The files.
        short_side: Shorter side of the decoded photos, in pixels.
        cache: Folder of the entries; created if missing. The least recently used are evicted when all exceed ``cache_gb``. Where
            it can't be written, that is said, and nothing is kept.
        cache_gb: Upper limit of the pixels on disk, in GB; 0: none are stored, and photos are decoded whenever they are needed.
        max_pixels: Reject images with more pixels than this.
        grey_ranges: The values of deep grey photos that are black and white, by kind, where they are known; see
            :mod:`.deep_grey`.
        crop_mode: How photos are to become squares, see :func:`.decode_photo`; pixels are stored without a border.

    Returns:
        One entry per path.
    """
    known, limit = dict(grey_ranges or {}), int(cache_gb * 1e9)
    entry = cache / f"photos-{_key(paths, short_side, cache_gb > 0, max_pixels, known, crop_mode)}"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = FileLock(cache / ".lock")
        lock.acquire()
    except OSError as error:
        found = _stored(entry, limit)  # on a disk that is read-only, it may be whole all the same
        return found or _unstored(
            paths, short_side, max_pixels, known, crop_mode, f"{printable(cache)}: can't be written ({error.strerror})"
        )
    try:
        for left in cache.glob(f"{_UNFINISHED}*"):  # of a killed process: only the holder of the lock writes here
            _remove(left)
        found = _stored(entry, limit) or _make(paths, short_side, limit, max_pixels, known, crop_mode, entry)
        with contextlib.suppress(OSError):
            os.utime(entry)
            if limit:
                _evict(cache, keep=entry, limit=limit)
        return found
    finally:
        lock.release()


def _stored(entry: Path, limit: int) -> ImageIndex | None:
    """A stored entry that is what would be stored now: whole, with pixels if they fit, without files that weren't opened."""
    if not os.path.lexists(entry):
        return None
    fault = damage(entry)
    try:
        found = _load(entry) if fault is None else None
    except Exception as error:  # sealed, but not by us, or not what a zip file of arrays holds
        found, fault = None, f"index.npz can't be read ({type(error).__name__})"
    if found is None:
        log.warning(f"{printable(entry)}: this cache is damaged ({fault}); the photos are read anew.")
        return None
    needed = int(found.shape.prod(axis=1, dtype=np.int64).sum()) * 3
    if any(reason.startswith(UNOPENED) for reason in found.reason.tolist()):
        return None
    if found.pixels is None and 0 < needed <= limit:  # there was no room on the disk
        return found if shutil.disk_usage(entry).free < needed else None
    return found if (found.pixels is not None) == (limit > 0 and needed <= limit) else None


def _make(
    paths: Sequence[Path],
    short_side: int,
    limit: int,
    max_pixels: int,
    known: Mapping[str, GreyRange],
    crop_mode: CropMode,
    entry: Path,
) -> ImageIndex:
    """Read the photos and store what is found; where that can't be stored, it is returned all the same, without pixels."""
    try:
        work = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=entry.parent))
        pixels = PixelFile(work / "pixels.bin" if limit else None, limit)
    except OSError as error:
        place = printable(entry.parent)
        return _unstored(paths, short_side, max_pixels, known, crop_mode, f"{place}: can't be written ({error.strerror})")
    try:
        try:
            arrays, ranges = read_photos(paths, short_side, max_pixels, known, pixels, crop_mode)
        finally:
            whole = pixels.finish()
        if limit and pixels.size > limit:
            log.info(f"{pixels.size / 1e9:.1f} GB of pixels exceed cache_gb={limit / 1e9:g}: photos are decoded as needed.")
        try:
            np.savez(work / "index.npz", **arrays)
            (work / "grey_ranges.json").write_text(json.dumps(ranges), encoding="utf-8")
            seal(work)
            _remove(entry)
            work.rename(entry)
        except OSError as error:
            log.warning(f"{printable(entry.parent)}: can't be written ({error.strerror}): photos are decoded as needed.")
            return ImageIndex(**arrays, pixels=None, grey_ranges=ranges)
        return ImageIndex(**arrays, pixels=entry / "pixels.bin" if whole else None, grey_ranges=ranges)
    finally:
        _remove(work)


def _unstored(
    paths: Sequence[Path], short_side: int, max_pixels: int, known: Mapping[str, GreyRange], crop_mode: CropMode, why: str
) -> ImageIndex:
    log.warning(f"{why}: photos are read anew at each start and decoded as they are needed; give another folder, cache=FOLDER.")
    arrays, ranges = read_photos(paths, short_side, max_pixels, known, PixelFile(None, 0), crop_mode)
    return ImageIndex(**arrays, pixels=None, grey_ranges=ranges)


def _load(entry: Path) -> ImageIndex:
    ranges = json.loads((entry / "grey_ranges.json").read_text(encoding="utf-8"))
    with np.load(entry / "index.npz", allow_pickle=False) as index:
        pixels = entry / "pixels.bin"
        return ImageIndex(
            **{name: index[name] for name in index.files},
            pixels=pixels if pixels.exists() else None,
            grey_ranges={kind: GreyRange(*each) for kind, each in ranges.items()},
        )


def _key(
    paths: Sequence[Path], short_side: int, with_pixels: bool, max_pixels: int, known: Mapping[str, Any], crop_mode: CropMode
) -> str:
    mode = "" if crop_mode == "center" else f" {crop_mode}"
    digest = hashlib.sha256(f"{_VERSION} {short_side} {with_pixels} {max_pixels} {sorted(known.items())}{mode}\n".encode())
    for path in paths:
        try:
            stat = path.stat()
            facts = f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"  # a copy may keep the former two, never the last
        except OSError:
            facts = "unreadable"
        digest.update(f"{os.path.abspath(path)} {facts}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()[:20]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _evict(cache: Path, keep: Path, limit: int) -> None:
    """Remove the least recently used entries until all together fit; never the one in use, nor what is called nearly alike."""
    ours = (path for path in cache.glob("photos-*") if _ENTRY.fullmatch(path.name) and path != keep and path.is_dir())
    entries = sorted(ours, key=lambda path: path.stat().st_mtime)
    sizes = {path: sum(file.stat().st_size for file in path.iterdir()) for path in [*entries, keep]}
    total = sum(sizes.values())
    for path in entries:
        if total <= limit:
            return
        shutil.rmtree(path)
        total -= sizes[path]
