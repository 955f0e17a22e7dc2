"""Read photos once: whether each can be decoded, digest, perceptual hash, thumbnail, grey levels and, if wanted, its pixels."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from rich.progress import track

from .decode import CropMode, Pixels, UnusablePhoto, decode_photo
from .deep_grey import NO_LEVELS, GreyRange, Levels, ranges_of, usual_range
from .perceptual_hash import THUMBNAIL, difference_hash, thumbnail

log = logging.getLogger(__name__)
UNOPENED = "cannot be opened"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CHUNK = 64  # photos decoded before they are written: bounds memory


@dataclass
class PhotoFacts:
    """What is found out about one file; its pixels only until they are written."""

    reason: str = ""
    sha256: str = ""
    dhash: int = 0
    levels: Levels | None = None
    pixels: Pixels | None = None
    thumbnail: Pixels | None = None


class PixelFile:
    """Pixels of photos one after the other, as long as they stay below a limit and the disk has room.

    Args:
        path: The file; ``None``: nothing is kept.
        limit: Its largest size in bytes.
    """

    def __init__(self, path: Path | None, limit: int) -> None:
        self.path, self.limit, self.size = path, limit, 0
        self._file: BinaryIO | None = None if path is None else open(path, "wb")  # noqa: SIM115 - closed by finish()

    def append(self, chunk: Sequence[Pixels]) -> list[int]:
        """Add pixels, and return where those of each photo begin."""
        starts = [self.size + sum(each.nbytes for each in chunk[:place]) for place in range(len(chunk))]
        before, self.size = self.size, self.size + sum(each.nbytes for each in chunk)
        if self._file is not None and self.size > self.limit:
            self._give_up()
        if self._file is not None and self.size > before:
            try:
                _reserve(self._file.fileno(), before, self.size - before)
                self._file.writelines(np.ascontiguousarray(pixels).data for pixels in chunk)
            except OSError as error:
                self._no_room(error)
        return starts

    def finish(self) -> bool:
        """Write what is left; returns whether all pixels are in the file."""
        try:
            if self._file is not None:
                self._file.close()
        except OSError as error:
            self._no_room(error)
        return self._file is not None

    def _no_room(self, error: OSError) -> None:
        if error.errno not in NO_ROOM:
            raise error
        log.warning(f"{self.path}: no room on the disk for the pixels ({error.strerror}): photos are decoded as they are needed.")
        self._give_up()

    def _give_up(self) -> None:
        file, self._file = self._file, None
        if file is not None and self.path is not None:
            os.ftruncate(file.fileno(), 0)
            self.path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # what was still to be written is not wanted any more
                file.close()


def _reserve(file: int, start: int, size: int) -> None:
    """Make sure that the disk has room, before anything is written; where the file system can."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file, start, size)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise


def read_photos(
    paths: Sequence[Path],
    short_side: int,
    max_pixels: int,
    grey_ranges: Mapping[str, GreyRange],
    pixels: PixelFile,
    crop_mode: CropMode = "center",
) -> tuple[dict[str, Any], dict[str, GreyRange]]:
    """Read every photo; grey ones of more than 8 bits a second time, once the range of all of them is known.

    Args:
        paths: The ``N`` files.
        short_side: Shorter side of the decoded photos, in pixels.
        max_pixels: Reject images with more pixels than this.
        grey_ranges: Ranges of deep grey photos that are given, by kind.
        pixels: Takes the decoded pixels.
        crop_mode: How photos are to become squares, see :func:`.decode_photo`.

    Returns:
        Arrays of length ``N`` by name, see :class:`.ImageIndex`, and the ranges that were used.
    """
    count = len(paths)
    facts: list[PhotoFacts] = [PhotoFacts()] * count
    shape, offset = np.zeros((count, 2), np.int32), np.zeros(count, np.int64)
    thumbnails = np.zeros((count, *THUMBNAIL), np.uint8)

    def read(rows: Sequence[int], ranges: Mapping[str, GreyRange]) -> list[int]:
        """Read these photos; returns those whose range isn't known yet."""
        later: list[int] = []
        for chunk in _chunks(paths, rows, short_side, max_pixels, ranges, crop_mode):
            now = []
            for row, found in chunk:
                facts[row] = found
                if found.levels is not None and found.levels.kind not in ranges and not found.reason:
                    later.append(row)
                elif found.pixels is not None:
                    now.append(row)
            starts = pixels.append([facts[row].pixels for row in now])  # type: ignore[misc]
            for row, start in zip(now, starts, strict=True):
                shape[row], offset[row] = facts[row].pixels.shape[:2], start  # type: ignore[union-attr]
                thumbnails[row] = facts[row].thumbnail  # type: ignore[assignment]
            for row, _ in chunk:
                facts[row].pixels = facts[row].thumbnail = None
        return later

    deep = read(range(count), grey_ranges)
    levels = [each.levels for each in facts if each.levels is not None and not each.reason]
    ranges = ranges_of(levels, grey_ranges)
    read(deep, ranges)
    arrays = {
        "reason": np.array([each.reason for each in facts], dtype=np.str_),
        "sha256": np.array([each.sha256 for each in facts], dtype=np.str_),
        "dhash": np.array([each.dhash for each in facts], dtype=np.uint64),
        "levels": np.array([each.levels or NO_LEVELS for each in facts], dtype=np.float64).reshape(count, 3),
        "thumbnail": thumbnails,
        "shape": shape,
        "offset": offset,
    }
    return arrays, ranges


def _chunks(
    paths: Sequence[Path],
    rows: Sequence[int],
    short_side: int,
    max_pixels: int,
    ranges: Mapping[str, GreyRange],
    crop_mode: CropMode,
) -> Iterator[list[tuple[int, PhotoFacts]]]:
    count = len(rows)
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # PIL warns about odd metadata and about sizes that are checked anyway
        for start in track(range(0, count, _CHUNK), description="Reading photos", disable=count < 4 * _CHUNK, transient=True):
            chunk = rows[start : start + _CHUNK]
            found = pool.map(lambda row: _read(paths[row], short_side, max_pixels, ranges, crop_mode), chunk)
            yield list(zip(chunk, found, strict=True))


def _read(path: Path, short_side: int, max_pixels: int, ranges: Mapping[str, GreyRange], crop_mode: CropMode) -> PhotoFacts:
    found = PhotoFacts()

    def grey_rule(levels: Levels) -> GreyRange:
        found.levels = levels
        return ranges.get(levels.kind) or usual_range(levels)

    try:
        with open(path, "rb") as file:
            found.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        found.pixels = decode_photo(path, short_side, max_pixels, grey_rule, crop_mode)
        found.dhash = difference_hash(found.pixels)
        found.thumbnail = thumbnail(found.pixels)
    except UnusablePhoto as verdict:
        found.reason = str(verdict).encode("utf-8", errors="backslashreplace").decode()
    except FileNotFoundError:
        found.reason = "no such file" if not os.path.islink(path) else "link to no file"
    except OSError as error:
        found.reason = f"{UNOPENED} ({error.strerror or error})"
    return found
