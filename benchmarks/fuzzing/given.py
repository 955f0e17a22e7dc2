"""One drawn input: files, and what is done with them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Place:
    """The folders that one input may use; everything else below ``base`` must stay as it is.

    Attributes:
        base: Temporary folder of this input.
    """

    base: Path

    @property
    def input(self) -> Path:
        """What a user has: read, never changed."""
        return self.base / "input"

    @property
    def cache(self) -> Path:
        """Option ``cache``."""
        return self.base / "cache"

    @property
    def run(self) -> Path:
        """Options ``artifacts_dir`` and ``report_dir``."""
        return self.base / "run"

    @property
    def scratch(self) -> Path:
        """Temporary files, and the cache of a prediction."""
        return self.base / "scratch"

    @property
    def own(self) -> list[Path]:
        """The folders that may be written to."""
        return [self.cache, self.run, self.scratch]


@dataclass
class Given:
    """A drawn input.

    Attributes:
        use: Reads it; returns a word for the outcome.
        files: Contents by path within the input's folder; names may hold bytes that are no UTF-8, as surrogates.
        links: Symbolic links by path: what they point to.
        options: Of the data module.
        module: Name of the data module in ``practicum.datamodules``.
        root: What the option ``root`` names within the input's folder.
        new: What is to be predicted, within the input's folder; ``None``: nothing.
        again: Read a second time from the cache: ``"as it is"`` or ``"damaged"``; ``""``: not.
        rows: How many rows a whole table has, all of which must be found again; ``None``: not known.
        said: How it was made, for the report.
    """

    use: Callable[[Given, Place], str]
    files: dict[str, bytes] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    module: str = ""
    root: str = ""
    new: str | None = None
    again: str = ""
    rows: int | None = None
    said: list[str] = field(default_factory=list)

    def write(self, place: Place) -> None:
        """Write the files and links; a name that no file can have (too long, or both file and folder) is left out."""
        for name, content in self.files.items():
            path = place.input / name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            except (OSError, ValueError, UnicodeEncodeError):
                self.said.append(f"(not written: {name[:40]!r})")
        for name, target in self.links.items():
            path = place.input / name
            if not os.path.lexists(path) and path.parent.is_dir():
                path.symlink_to(target)
