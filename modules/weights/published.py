"""fastai's published AWD-LSTMs by name: downloaded once, checked, and kept where torch keeps weights.

**What it does.** ``wt103-fwd`` reads forwards, ``wt103-bwd`` backwards; both learnt English from 103 million words of Wikipedia.
Their archive is fetched on first use (105 MB, continued where a connection broke off), and its two files are kept in
``checkpoints/wt103-fwd`` of torch's hub folder (``torch.hub.get_dir()``, by default ``~/.cache/torch/hub``; ``TORCH_HOME`` moves
it). They are there as a whole or not at all; one process fetches them, others wait.

**Safety.** No SHA-256 of these archives has been published. fastai knows their sizes and the MD5 of their first megabyte: these
tell another file, not a forged one. Against that there is https, and that nothing is read but tensors and strings
(:mod:`.language_model`): no file is written under a name that an archive chose, and no code in it runs.

**Source.** Howard and Ruder 2018 (ULMFiT); fastai's ``URLs.WT103_FWD`` and ``URLs.WT103_BWD``, sizes and MD5s from
``fastdownload.urls``.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import torch
from filelock import FileLock
from practicum.lightning_shim import MisconfigurationException

from .download import DownloadError, download

log = logging.getLogger(__name__)

BASE_URL = "https://s3.amazonaws.com/fast-ai-modelzoo"
_VOCABULARY = "itos_wt103.pkl"
_MOST = 100  # entries
_LONGEST = {".pth": 1 << 30, ".pkl": 1 << 26}  # bytes of each unpacked; the weights have below 0.5 GB, the vocabulary 1 MB
# What gzip and tarfile raise on damaged archives: some numbers of a header are read unchecked, headers of headers recursively.
_DAMAGED = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError, ArithmeticError, LookupError, RecursionError)


@dataclass(frozen=True)
class Published:
    """An archive of weights.

    Attributes:
        file: What the weights are called, in the archive and in the cache.
        size: Bytes of the archive.
        md5: MD5 of its first megabyte (fastdownload's ``path_stats``).
        reverse: Whether the model reads backwards.
    """

    file: str
    size: int
    md5: str
    reverse: bool


PUBLISHED = {
    "wt103-fwd": Published("lstm_fwd.pth", 105_067_061, "7d1114cd9684bf9d1ca3c9f6a54da6f9", reverse=False),
    "wt103-bwd": Published("lstm_bwd.pth", 105_205_312, "20b06f5830fd5a891d21044c28d3097f", reverse=True),
}


def fetch_published(name: str, option: str) -> Path:
    """The weights of a published language model, with its vocabulary as the only ``.pkl`` beside them.

    Args:
        name: A key of :data:`PUBLISHED`.
        option: Whose option it is, for messages: ``"TextClassifier: encoder"``.

    Raises:
        MisconfigurationException: They aren't here and can't be fetched or stored; the archive is another one, or damaged.
    """
    known = PUBLISHED[name]
    root = Path(torch.hub.get_dir()) / "checkpoints"
    folder = root / name
    if not _complete(folder, known):
        try:
            root.mkdir(parents=True, exist_ok=True)
            with FileLock(root / f".{name}.lock"):
                if not _complete(folder, known):  # another process may have fetched it
                    _fetch(name, folder, option)
        except OSError as error:
            raise MisconfigurationException(
                f"{option}={name}: can't be stored in {folder} ({error.strerror or error}); free some space, or set TORCH_HOME "
                "to a folder that can be written."
            ) from error
    return folder / known.file


def _complete(folder: Path, known: Published) -> bool:
    return (folder / known.file).is_file() and (folder / _VOCABULARY).is_file()


def _fetch(name: str, folder: Path, option: str) -> None:
    known, url = PUBLISHED[name], f"{BASE_URL}/{name}.tgz"
    own = f"download and unpack it elsewhere, and set {option.rpartition(' ')[2]}=FOLDER/{known.file}, its .pkl beside it"
    archive = folder.with_name(f"{name}.tgz.part")
    log.info(f"{option}={name}: downloading {url} ({known.size / 1e6:.0f} MB) to {folder}.")
    try:
        download(url, archive, known.size)
    except DownloadError as error:
        raise MisconfigurationException(
            f"{option}={name}: {url} can't be downloaded ({error}); without internet access, {own}."
        ) from error
    try:
        with open(archive, "rb") as file:
            start = hashlib.md5(file.read(1 << 20), usedforsecurity=False).hexdigest()
        if archive.stat().st_size != known.size or start != known.md5:
            raise MisconfigurationException(
                f"{option}={name}: what {url} sent is not the archive that fastai published, and was removed; try again, or "
                f"{own}."
            )
        work = folder.with_name(f".unfinished-{name}")
        shutil.rmtree(work, ignore_errors=True)  # of a killed process
        work.mkdir()
        try:
            unpack(archive, work, {".pth": known.file, ".pkl": _VOCABULARY})
            shutil.rmtree(folder, ignore_errors=True)  # of which somebody removed a part
            work.rename(folder)
        except ValueError as error:
            raise MisconfigurationException(
                f"{option}={name}: the archive from {url} {error}, and was removed; try again, or {own}."
            ) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    finally:
        archive.unlink()


def unpack(archive: Path, into: Path, names: dict[str, str]) -> None:
    """Write the one file of each kind in a ``.tgz``, and nothing else in it, which is read to its end.

    Args:
        archive: The file.
        into: The folder.
        names: What to call them, by the suffixes that they have in the archive.

    Raises:
        ValueError: The archive is damaged, too large, or leads out of the folder; a file is missing, or there are two. The
            message goes on from the archive's name.
    """
    written: set[str] = set()
    try:
        with gzip.open(archive) as stream:
            bounded = _Bounded(stream, sum(_LONGEST.values()) + (1 << 24))
            with tarfile.open(fileobj=bounded, mode="r|") as tar:  # type: ignore[call-overload]  # reads are all it needs
                for number, entry in enumerate(tar):
                    path = PurePosixPath(entry.name)
                    if number >= _MOST:
                        raise _RefusedError(f"has more than {_MOST} entries")
                    if path.is_absolute() or ".." in path.parts or not (entry.isreg() or entry.isdir()):
                        raise _RefusedError(f"has an entry that is no plain file in it, {entry.name[:80]!r}")
                    if entry.isdir() or path.name.startswith(".") or path.suffix not in names:
                        continue
                    if path.suffix in written:
                        raise _RefusedError(f"has two {path.suffix} files")
                    if entry.size > _LONGEST[path.suffix]:
                        raise _RefusedError(f"states {entry.size / 1e9:.1f} GB for {entry.name[:80]!r}")
                    written.add(path.suffix)
                    _write(tar, entry, into / names[path.suffix])
            while bounded.read(1 << 20):  # its checksum is at its end
                pass
    except _RefusedError:
        raise
    except _DAMAGED as error:
        raise ValueError(f"is damaged ({' '.join(str(error).split())[:200] or type(error).__name__})") from error
    if missing := [suffix for suffix in names if suffix not in written]:
        raise ValueError(f"has no {' and no '.join(missing)}")


class _RefusedError(ValueError):
    """The archive is whole, but not what is wanted."""


def _write(tar: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> None:
    content = tar.extractfile(entry)
    if content is None:  # for mypy: a regular file has content
        raise _RefusedError(f"has no content in {entry.name[:80]!r}")
    with content, open(path, "xb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())  # or after a power cut the renamed folder may hold an empty file


class _Bounded:
    """Reads no more than ``limit`` bytes: a few megabytes of gzip may hold gigabytes, in headers too."""

    def __init__(self, stream: gzip.GzipFile, limit: int) -> None:
        self.stream, self.left = stream, limit

    def read(self, size: int) -> bytes:
        block = self.stream.read(size)
        self.left -= len(block)
        if self.left < 0:
            raise _RefusedError("is far larger than the published one when unpacked")
        return block
