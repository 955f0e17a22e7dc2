"""Photos as batches: views of decoded pixels, built for a whole batch at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ..loading.seeded_sampler import Key
from .augment import Draw, Where
from .decode import MAX_PIXELS, Pixels, decode_photo
from .mixup_cutmix import Mix

Batch: TypeAlias = tuple[Tensor, ...]
_LONGEST_PATH = 4096


class Augmentation(Protocol):
    """What makes training views: draws what a view is, one photo at a time; then makes those of a batch at once."""

    @property
    def on(self) -> Where:
        """Where views are made."""

    def window(self, size: int, short_side: int) -> int:
        """Side of the square of decoded pixels that a view of ``size`` is made from."""

    def draw(self, rng: np.random.Generator, height: int, width: int, size: int, short_side: int) -> Draw:
        """One view of a photo."""

    def __call__(self, windows: Tensor, changes: Tensor, size: int) -> Tensor:
        """``uint8 [B, 3, S, S]`` and what was drawn ``[B, K]``, to ``uint8 [B, 3, size, size]``."""


class PhotoDataset(Dataset[Batch]):
    """Photos and targets by ``(epoch, index)``.

    A batch is one ``uint8`` tensor ``[B, 3, size, size]`` in ``channels_last`` order (as decoders write pixels and as
    convolutions want them: no copy in between) and the targets of its photos. Where views are made on the model's device, it is
    windows, targets, what was drawn for each and a seed, for :func:`finish`.

    Args:
        paths: The files.
        targets: ``int64 [N]``, or a 0/1 matrix ``[N, classes]``.
        size: Side of the square views.
        short_side: The shorter side to decode to; at least ``size``.
        augment: Makes views for training; ``None`` takes the middle of each photo.
        mix: Blends a batch's photos; ``None`` does not.
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
        augment: Augmentation | None = None,
        mix: Mix | None = None,
        seed: int = 0,
        store: tuple[Path, np.ndarray[Any, Any], np.ndarray[Any, Any]] | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.paths = paths
        self.targets = targets
        self.size = size
        self.short_side = short_side
        self.augment = augment
        self.mix = mix
        self.seed = seed
        self.store = store
        self.max_pixels = max_pixels
        # Mapped at once: what is mapped stays readable even if another run's cache takes the file's place on disk.
        self._pixels = None if store is None else np.memmap(store[0], dtype=np.uint8, mode="r")
        self._features_path = torch.zeros(_LONGEST_PATH, dtype=torch.uint8).share_memory_()  # workers see it change
        self._features: tuple[bytes, Any] = (b"", None)

    def __len__(self) -> int:
        return len(self.paths)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pixels": None, "_features": (b"", None)}  # each worker maps the files itself

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

    def _draw(self, photo: Pixels, epoch: int, index: int) -> Draw:
        height, width = photo.shape[:2]
        if self.augment is None:
            return Draw((height - self.size) // 2, (width - self.size) // 2, [])
        rng = np.random.default_rng([self.seed, epoch, index])
        return self.augment.draw(rng, height, width, self.size, self.short_side)

    def __getitem__(self, key: Key) -> Batch:
        return tuple(each[0] for each in self.__getitems__([key]))

    def __getitems__(self, keys: Sequence[Key]) -> Batch:
        indices = [index for _, index in keys]
        y = self.targets[indices]
        features = self.features()
        if features is not None:
            views = [epoch % len(features) for epoch, _ in keys]
            return torch.from_numpy(features[views, indices]), y
        side = self.size if self.augment is None else self.augment.window(self.size, self.short_side)
        pixels = torch.empty(len(keys), side, side, 3, dtype=torch.uint8)
        windows, changes = pixels.numpy(), []
        photo, of = self.photo(keys[0][1]), keys[0][1]
        for place, (epoch, index) in enumerate(keys):
            if index != of:  # several views of a photo come in succession
                photo, of = self.photo(index), index
            top, left, change = self._draw(photo, epoch, index)
            windows[place] = photo[top : top + side, left : left + side]
            changes.append(change)
        x = pixels.permute(0, 3, 1, 2)
        if self.augment is None and not self.mix:
            return x, y
        seed = int(np.random.SeedSequence([self.seed, *keys[0], 1]).generate_state(1, np.uint32)[0]) if self.mix else -1
        if self.augment is not None and self.augment.on == "device":  # some have no 64 bit numbers
            return x, y, torch.tensor(changes, dtype=torch.float32), torch.tensor([seed])
        drawn = torch.tensor(changes, dtype=torch.float64)
        return finish(x, y, drawn, torch.tensor([seed]), self.size, self.augment, self.mix)

    def views(self, augment: Augmentation | None, seed: int) -> PhotoDataset:
        """The same photos, each shown in the view that ``augment`` makes of it in each epoch; unblended."""
        return PhotoDataset(
            self.paths, self.targets, self.size, self.short_side, augment, None, seed, self.store, self.max_pixels
        )

    # Features in place of pixels --------------------------------------------------------------------------------------

    def use_features(self, path: Path | None) -> None:
        """From the next batch on give what a network has made of the photos, in place of their pixels.

        Args:
            path: A ``.npy`` file, floating point ``[views, N, F]``; epoch ``e`` shows view ``e % views``. ``None``: pixels.
        """
        name = b"" if path is None else str(path.resolve()).encode()
        self._features_path.zero_()
        self._features_path[: len(name)] = torch.tensor(list(name), dtype=torch.uint8)
        self.features()  # mapped at once, in this process

    def features(self) -> Any:
        """The features in use, memory-mapped ``[views, N, F]``, or ``None``."""
        name = self._features_path.numpy().tobytes().rstrip(b"\0")
        if name != self._features[0]:
            self._features = (name, np.load(name.decode(), mmap_mode="r", allow_pickle=False) if name else None)
        return self._features[1]


def finish(
    windows: Tensor, y: Tensor, changes: Tensor, seed: Tensor, size: int, augment: Augmentation | None, mix: Mix | None
) -> Batch:
    """Make the views that were drawn, and blend them if asked to; wherever the tensors are.

    Args:
        windows: ``uint8 [B, 3, S, S]``.
        y: Their targets.
        changes: What was drawn for each, ``[B, K]``.
        seed: ``[1]``, of the blending; negative: none.
        size: Side of the views.
        augment: Makes them; ``None``: windows are views.
        mix: Blends them.
    """
    x = windows if augment is None else augment(windows, changes, size)
    return mix(x, y, int(seed[0])) if mix and int(seed[0]) >= 0 else (x, y)


def as_batch(batch: Batch) -> Batch:
    """The loader's ``collate_fn``: :class:`PhotoDataset` builds whole batches, so there is nothing to collate."""
    return batch
