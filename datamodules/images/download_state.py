"""What earlier calls of a download have done: ``photos.jsonl``, a line for each photo that was kept or left out."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from ..files.atomic_file import atomic_write

STATE_FILE = "photos.jsonl"


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
