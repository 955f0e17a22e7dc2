"""Folders of generated files, complete or absent; photos are rendered on all cores, as a function of the seed."""

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


def generate_once(folder: Path, generate: Callable[[Path], None]) -> None:
    """Generate a data set unless it exists; waits if another process is generating it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        if not folder.is_dir():
            generate(folder)


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder that is renamed to ``folder`` at the end, or removed if there is an error.

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


def render_folder(
    folder: Path,
    photos: Sequence[tuple[str, Subject]],
    render: Callable[[Subject, np.random.Generator], Image.Image],
    seed: int,
    texts: Mapping[str, str],
    description: str,
) -> None:
    """Render photos and write texts into ``folder``.

    Args:
        folder: Created by this call; must not exist.
        photos: File name, relative to ``folder``, and subject of each photo.
        render: Renders one subject.
        seed: Seed; each photo has a generator of its own.
        texts: Contents of other files, by name.
        description: What is rendered, for the progress bar.
    """
    with atomic_folder(folder) as work:
        for parent in {(work / file).parent for file, _ in photos}:
            parent.mkdir(parents=True, exist_ok=True)

        def make(job: tuple[int, tuple[str, Subject]]) -> None:
            number, (file, subject) = job
            rng = np.random.default_rng([seed, 1, number])
            render(subject, rng).save(work / file, quality=int(rng.integers(70, 95)))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in track(
                pool.map(make, enumerate(photos)), total=len(photos), description=f"Rendering {description}", transient=True
            ):
                pass
        for name, text in texts.items():
            (work / name).write_text(text, encoding="utf-8")
