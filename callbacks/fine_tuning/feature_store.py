"""Features of a frozen network on disk: computed once, named by what they depend on, and removed when space is needed."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray
from practicum.lightning_shim import LightningModule, Trainer
from torch import Tensor

from ..files.atomic_file import atomic_write
from ..trainer_internals.batches import to_device
from ..trainer_internals.gather import gather_objects

_FEATURES = re.compile(r"features-\w+-[0-9a-f]{20}\.npy")  # see FeatureStore.path


def tensors_hash(tensors: Iterable[tuple[str, Tensor]]) -> str:
    """Return the SHA-256 of tensors, with their names, shapes and types."""
    digest = hashlib.sha256()
    for name, tensor in tensors:
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def compute_features(trainer: Trainer, pl_module: LightningModule, extract: Any, loader: Any, views: int) -> NDArray[Any]:
    """Return features ``float32 [views, N, ...]`` of all rows; each process computes its share.

    Args:
        trainer: Of the fit.
        pl_module: Its hooks prepare each batch.
        extract: Turns a batch of inputs into features.
        loader: Batches ``(x, ...)`` of all rows in order, each row ``views`` times in succession.
        views: At least 1.
    """
    parts: list[NDArray[Any]] = []
    with torch.no_grad(), trainer.precision_plugin.forward_context():
        for batch in loader:
            parts.append(extract(to_device(trainer, pl_module, batch)[0]).float().cpu().numpy())
    mine = np.concatenate(parts)
    mine = mine.reshape(-1, views, *mine.shape[1:]).swapaxes(0, 1)
    shares = gather_objects(trainer, mine)
    if len(shares) == 1:
        return np.ascontiguousarray(mine)
    whole = np.empty((mine.shape[0], sum(each.shape[1] for each in shares), *mine.shape[2:]), np.float32)
    for rank, share in enumerate(shares):
        whole[:, rank :: len(shares)] = share
    return whole


class FeatureStore:
    """A folder of features with a limit on its size.

    Args:
        folder: Where files lie.
        max_gb: Their size in total, in GB.
    """

    def __init__(self, folder: str | os.PathLike[str], max_gb: float) -> None:
        self.folder, self.max_gb = Path(folder), max_gb

    def path(self, split: str, key: str) -> Path:
        """Return the file of a split's features.

        Args:
            split: For the file's name.
            key: Everything that the features depend on.
        """
        return self.folder / f"features-{split}-{hashlib.sha256(key.encode()).hexdigest()[:20]}.npy"

    def has_room(self, size: int, keep: Sequence[Path]) -> bool:
        """Return whether ``size`` bytes fit beside the files in ``keep``."""
        return size + sum(each.stat().st_size for each in keep) <= self.max_gb * 1e9

    def save(self, features: NDArray[Any], path: Path, keep: Sequence[Path]) -> None:
        """Write features, and first remove the least recently used ones if space is needed.

        Args:
            features: Any array.
            path: Of :meth:`path`.
            keep: Files that stay.
        """
        with FileLock(self.folder / ".features.lock"):
            self._make_room(features.nbytes, [*keep, path])
            with atomic_write(path) as beside, open(beside, "wb") as file:
                np.save(file, features, allow_pickle=False)

    def _make_room(self, size: int, keep: Sequence[Path]) -> None:
        for left in self.folder.glob(".features-*.part"):  # of a process that was killed: only the holder of the lock writes
            left.unlink(missing_ok=True)
        ours = (path for path in self.folder.glob("features-*.npy") if _FEATURES.fullmatch(path.name))
        stored = sorted(ours, key=lambda path: path.stat().st_mtime)
        total = sum(path.stat().st_size for path in stored) + size
        for path in stored:
            if total <= self.max_gb * 1e9:
                return
            if path not in keep:
                total -= path.stat().st_size
                path.unlink(missing_ok=True)
