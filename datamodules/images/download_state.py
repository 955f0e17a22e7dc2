"""Photos that are downloaded once, with their authors and licences: what all such sources share.

``photos.jsonl`` has what has been done, a line for each photo that was kept or left out. ``ATTRIBUTION.csv`` comes last.
"""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from filelock import FileLock

from ..files.atomic_file import atomic_write
from ..loading.source import Source

STATE_FILE = "photos.jsonl"
CREDITS = "ATTRIBUTION.csv"  # authors, licences and checksums; a download with it is complete


T = TypeVar("T")


def read_state(folder: Path, kind: type[T]) -> list[T]:
    r"""Results of earlier calls whose files still exist; a truncated last line is dropped, from the file too.

    Args:
        folder: The download's.
        kind: The dataclass of a line; its ``file`` is relative to the folder, and empty if the photo was left out.

    Example:
        >>> import tempfile
        >>> from dataclasses import dataclass
        >>> from pathlib import Path
        >>> from practicum.datamodules.images.download_state import read_state
        >>> @dataclass
        ... class Photo:
        ...     file: str
        ...     reason: str = ""
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "photos.jsonl").write_text('{"file": "", "reason": "no photo"}\n{"file": "a.j')
        >>> read_state(folder, Photo)
        [Photo(file='', reason='no photo')]
    """
    path = folder / STATE_FILE
    found: list[Any] = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            each: Any = kind(**json.loads(line))
        except (json.JSONDecodeError, TypeError):
            continue
        if not each.file or (folder / each.file).is_file():
            found.append(each)
    with atomic_write(path) as beside:
        beside.write_text("".join(json.dumps(asdict(each)) + "\n" for each in found), encoding="utf-8")
    return found


class DownloadedPhotos(Source):
    """A folder of photos that :meth:`fetch` downloads, by one process at a time."""

    name: ClassVar[str]
    """What its provenance begins with."""

    @abstractmethod
    def fetch(self) -> None:
        """Download what isn't there yet, into :attr:`path`."""

    def prepare(self) -> None:
        """Download the photos that aren't there yet."""
        self.path.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path / ".lock"):
            self.fetch()

    def attribution(self) -> str:
        """The file that lists authors and licences, and its SHA-256."""
        file = self.path / CREDITS
        return f"{file}, SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()}"

    def __str__(self) -> str:
        return f"{self.name}: {self.path}"
