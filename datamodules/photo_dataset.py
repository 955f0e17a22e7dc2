"""Photos as batches: views of decoded pixels, built for a whole batch at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .photo import MAX_PIXELS, Pixels, decode_photo
from .random_crop_mirror import center_crop
from .seeded_sampler import Key

Augment: TypeAlias = Callable[[Pixels, int, torch.Generator], Pixels]
Batch: TypeAlias = tuple[Tensor, Tensor]


class PhotoDataset(Dataset[Batch]):
    """Photos and targets by ``(epoch, index)``.

    A batch is one ``uint8`` tensor ``[B, 3, size, size]`` in ``channels_last`` order (as decoders write pixels and as
    convolutions want them: no copy in between) and the targets of its photos.

    Args:
        paths: The files.
        targets: ``int64 [N]``, or a 0/1 matrix ``[N, classes]``.
        size: Side of the square views.
        short_side: The shorter side to decode to; at least ``size``.
        augment: Makes a view for training from decoded pixels; ``None`` takes the middle.
        seed: Together with epoch and index, what the augmentation draws.
        store: ``(file, offsets, shapes)`` of memory-mapped pixels, or ``None``: decode when needed.
        max_pixels: Refuse to decode larger photos.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        targets: Tensor,
        size: int,
        short_side: int,
        augment: Augment | None = None,
        seed: int = 0,
        store: tuple[Path, np.ndarray[Any, Any], np.ndarray[Any, Any]] | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.paths = paths
        self.targets = targets
        self.size = size
        self.short_side = short_side
        self.augment = augment
        self.seed = seed
        self.store = store
        self.max_pixels = max_pixels
        # Mapped at once: what is mapped stays readable even if another run's cache takes the file's place on disk.
        self._pixels = None if store is None else np.memmap(store[0], dtype=np.uint8, mode="r")

    def __len__(self) -> int:
        return len(self.paths)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pixels": None}  # each worker maps the file itself

    def photo(self, index: int) -> Pixels:
        """Decoded pixels ``uint8 [H, W, 3]`` of one photo."""
        if self.store is None:
            return decode_photo(self.paths[index], self.short_side, self.max_pixels)
        file, offsets, shapes = self.store
        if self._pixels is None:
            self._pixels = np.memmap(file, dtype=np.uint8, mode="r")
        height, width = shapes[index]
        start = offsets[index]
        return self._pixels[start : start + height * width * 3].reshape(height, width, 3)

    def view(self, epoch: int, index: int) -> Pixels:
        """What a training or evaluation batch holds of one photo: ``uint8 [size, size, 3]``."""
        photo = self.photo(index)
        if self.augment is None:
            return center_crop(photo, self.size)
        draw = np.random.SeedSequence([self.seed, epoch, index]).generate_state(1, np.uint64)[0]
        return self.augment(photo, self.size, torch.Generator().manual_seed(int(draw) & (2**63 - 1)))

    def __getitem__(self, key: Key) -> Batch:
        x, y = self.__getitems__([key])
        return x[0], y[0]

    def __getitems__(self, keys: Sequence[Key]) -> Batch:
        pixels = torch.empty(len(keys), self.size, self.size, 3, dtype=torch.uint8)
        views = pixels.numpy()
        for place, (epoch, index) in enumerate(keys):
            views[place] = self.view(epoch, index)
        return pixels.permute(0, 3, 1, 2), self.targets[[index for _, index in keys]]


def as_batch(batch: Batch) -> Batch:
    """The loader's ``collate_fn``: :class:`PhotoDataset` builds whole batches, so there is nothing to collate."""
    return batch
