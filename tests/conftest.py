"""Small data sets and a quiet trainer, for all tests."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

os.environ.setdefault("PRACTICUM_LIGHTNING", "pytorch_lightning")  # PRACTICUM_LIGHTNING=lightning runs the suite on the other

from practicum.lightning_shim import Trainer

if "PYTEST_XDIST_WORKER" in os.environ:  # a thread a process: two that spin on the same core wait for one another
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)

_RUNS = (
    "trained",
    "texts",
    "tables",
    "rated",
)  # fixtures that train: what uses one of them shares it, in one process of pytest-xdist


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests of the same runs together, whatever else is spread over the cores."""
    for item in items:
        for name in _RUNS:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(name))


def _save_photo(path: Path, hue: str, seed: int, size: tuple[int, int] = (48, 40)) -> Path:
    """A noisy photo whose class is plain to see: mostly red or mostly blue."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 90, (size[1], size[0], 3), dtype=np.uint8)
    pixels[..., {"red": 0, "green": 1, "blue": 2}[hue]] += 150
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95)
    return path


@pytest.fixture(scope="session", autouse=True)
def _sync_as_windows() -> Iterator[None]:
    """Only what is open for writing can be synced, as on Windows: all that is written by tests is written there, too."""
    if os.name == "nt":
        yield
        return
    import fcntl  # noqa: PLC0415 - not on Windows

    sync = os.fsync

    def checked(file: int) -> None:
        if fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, "Bad file descriptor")
        sync(file)

    os.fsync = checked  # type: ignore[assignment]
    yield
    os.fsync = sync


@pytest.fixture(scope="session")
def save_photo() -> Callable[[Path, str, int], Path]:
    """Writes a photo of a hue by a seed."""
    return _save_photo


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """``train/`` with 12 red and 12 blue photos, ``valid/`` with 5 and 6."""
    root = tmp_path / "photos"
    for split, counts, seed in (("train", (12, 12), 0), ("valid", (5, 6), 100)):
        for hue, count in zip(("blue", "red"), counts, strict=True):
            for i in range(count):
                _save_photo(root / split / hue / f"{i}.jpg", hue, seed + i + (1000 if hue == "red" else 0))
    return root


@pytest.fixture
def make_trainer(tmp_path: Path) -> Callable[..., Trainer]:
    """A trainer on one CPU process that prints and writes nothing unless told to."""

    def make(**options: Any) -> Trainer:
        defaults: dict[str, Any] = {
            "accelerator": "cpu",
            "devices": 1,
            "max_epochs": 1,
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "num_sanity_val_steps": 0,
            "use_distributed_sampler": False,
            "default_root_dir": tmp_path,
        }
        return Trainer(**{**defaults, **options})

    return make


@pytest.fixture(autouse=True)
def seed() -> None:
    """The same numbers in every test, whatever ran before."""
    torch.manual_seed(0)
