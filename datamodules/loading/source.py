"""Where a data set's files come from: they are on this disk, are downloaded, or are generated.

A data module keeps one :class:`Source`, calls :meth:`Source.prepare` in ``prepare_data``, reads below :attr:`Source.path`, and
reports ``str(source)`` as its provenance. The classes of real data sets differ only in the source they choose::

    source = local_or(root, Download(URL, SHA256, Path(download_dir)))
    source = local_or(root, Synthetic(generate_reviews, Path(synthetic_dir) / f"reviews-{VERSION}"))
"""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files.download import download
from ..synthetic.generate import generate_once


class Source(ABC):
    """Where a data set's files come from. ``str(source)`` is its provenance."""

    @property
    @abstractmethod
    def path(self) -> Path:
        """The file or folder that is read."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the files available; a second call does nothing. Call it from one process per node."""

    def answer(self) -> dict[str, Any]:
        """What is known about the best possible model (``answer.json``); empty unless the data are synthetic and generated."""
        return {}

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class Local(Source):
    """Files that are there already.

    Args:
        root: File or folder.
    """

    root: Path

    @property
    def path(self) -> Path:
        """``root``."""
        return self.root

    def prepare(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Download(Source):
    """One file from the internet, downloaded once and verified.

    Args:
        url: Its address.
        sha256: Hexadecimal digest that the file must have.
        folder: Where it is stored, under the last part of ``url``.
    """

    url: str
    sha256: str
    folder: Path

    @property
    def path(self) -> Path:
        """The downloaded file."""
        return self.folder / self.url.rpartition("/")[2]

    def prepare(self) -> None:
        """Download the file unless it is there.

        Raises:
            MisconfigurationException: The server can't be reached, or the file isn't the one expected.
        """
        download(self.url, self.path, self.sha256)


@dataclass(frozen=True)
class Synthetic(Source):
    """Generated files, written once.

    Args:
        generate: Writes the data set into a folder that doesn't exist yet.
        folder: The data set's folder; its name should carry the generator's version.
    """

    generate: Callable[[Path], None]
    folder: Path

    @property
    def path(self) -> Path:
        """``folder``."""
        return self.folder

    def prepare(self) -> None:
        """Generate the files unless they are there."""
        generate_once(self.folder, self.generate)

    def answer(self) -> dict[str, Any]:
        """The generator's ``answer.json``; empty if the files haven't been generated yet."""
        file = self.folder / "answer.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}

    def __str__(self) -> str:
        return f"synthetic: {self.folder}"


def local_or(root: str | os.PathLike[str] | None, default: Source) -> Source:
    """The user's own files where ``root`` is given, else ``default``.

    Example:
        >>> from pathlib import Path
        >>> from practicum.datamodules.loading.source import Download, local_or
        >>> reviews = Download("https://example.org/reviews.zip", "0" * 64, Path("data"))
        >>> str(local_or("my_reviews", reviews))
        'my_reviews'
        >>> str(local_or(None, reviews))
        'data/reviews.zip'
    """
    return default if root is None else Local(Path(root))
