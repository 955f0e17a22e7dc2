"""Folders of drawn data, there whole or not at all; of photos, made on all cores, a function of the seed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np
from filelock import FileLock
from PIL import Image
from rich.progress import track

Subject = TypeVar("Subject")


def draw_once(folder: Path, draw: Callable[[Path], None]) -> None:
    """Draw a data set unless it is there, or another process is at it: then wait for that."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        if not folder.is_dir():
            draw(folder)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to write into that becomes ``folder`` at the end, and is gone if there is an error before.

    Args:
        folder: Must not exist.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
    try:
        yield work
        work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def draw_folder(
    folder: Path,
    photos: Sequence[tuple[str, Subject]],
    draw: Callable[[Subject, np.random.Generator], Image.Image],
    seed: int,
    texts: Mapping[str, str],
    what: str,
) -> None:
    """Draw photos and write texts into ``folder``.

    Args:
        folder: Made by this call; must not exist.
        photos: Of each its file, relative to ``folder``, and what it is of.
        draw: Draws one.
        seed: Of everything drawn; each photo has a generator of its own.
        texts: Contents of other files, by their names.
        what: Is drawn, for the progress bar.
    """
    with whole_folder(folder) as work:
        for parent in {(work / file).parent for file, _ in photos}:
            parent.mkdir(parents=True, exist_ok=True)

        def make(job: tuple[int, tuple[str, Subject]]) -> None:
            number, (file, subject) = job
            rng = np.random.default_rng([seed, 1, number])
            draw(subject, rng).save(work / file, quality=int(rng.integers(70, 95)))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in track(pool.map(make, enumerate(photos)), total=len(photos), description=f"Drawing {what}", transient=True):
                pass
        for name, text in texts.items():
            (work / name).write_text(text)
