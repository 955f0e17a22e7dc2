"""Photos as batches: views of decoded pixels, built for a whole batch at once."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ..loading.seeded_sampler import Key
from .augment import ViewDevice, ViewParams
from .decode import MAX_PIXELS, CropMode, Pixels, UnusablePhoto, decode_photo, pad_to_square
from .deep_grey import GreyRange, Levels, usual_range
from .mixup_cutmix import MixUpCutMix
from .photo_files import printable

log = logging.getLogger(__name__)
Batch: TypeAlias = tuple[Tensor, ...]
_LONGEST_PATH = 4096


class Augmentation(Protocol):
    """Makes training views: samples the parameters of each photo's view, then makes the views of a whole batch at once."""

    @property
    def device(self) -> ViewDevice:
        """Where views are made."""

    def window(self, size: int, short_side: int) -> int:
        """Side of the square of decoded pixels that a view of ``size`` is made from."""

    def sample(self, rng: np.random.Generator, height: int, width: int, size: int, short_side: int) -> ViewParams:
        """Sample the parameters of one view of a photo."""

    def __call__(self, windows: Tensor, params: Tensor, size: int) -> Tensor:
        """Turn windows ``uint8 [B, 3, S, S]`` and parameters ``[B, K]`` into views ``uint8 [B, 3, size, size]``."""


class PhotoDataset(Dataset[Batch]):
    """Photos and targets by ``(epoch, index)``.

    A batch is one ``uint8`` tensor ``[B, 3, size, size]`` in ``channels_last`` order (as decoders write pixels and as
    convolutions want them: no copy in between) and the targets of its photos. Where views are made on the model's device, a
    batch is ``(windows, targets, parameters, seed)``, the arguments of :func:`apply_views`.

    Args:
        paths: The files.
        targets: ``int64 [N]``, or a 0/1 matrix ``[N, classes]``.
        size: Side of the square views.
        short_side: Shorter side of the decoded photos (of the square, see ``crop_mode``); at least ``size``.
        augment: Makes training views; ``None``: center crops.
        mix: MixUp and CutMix of a batch; ``None``: off.
        seed: Seed of the augmentation, together with epoch and index.
        store: ``(file, offsets, shapes)`` of memory-mapped pixels; ``None``: photos are decoded when needed.
        max_pixels: Photos with more pixels are rejected.
        grey_ranges: The values of deep grey photos that are black and white, by kind, see :mod:`.deep_grey`.
        crop_mode: How a photo becomes a square, see :mod:`.decode`.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        targets: Tensor,
        size: int,
        short_side: int,
        augment: Augmentation | None = None,
        mix: MixUpCutMix | None = None,
        seed: int = 0,
        store: tuple[Path, np.ndarray[Any, Any], np.ndarray[Any, Any]] | None = None,
        max_pixels: int = MAX_PIXELS,
        grey_ranges: Mapping[str, GreyRange] | None = None,
        crop_mode: CropMode = "center",
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
        self.grey_ranges = dict(grey_ranges or {})
        self.crop_mode = crop_mode
        self._lost: set[int] = set()
        # Mapped at once: a mapped file stays readable even if another run's cache evicts it from the disk.
        self._pixels = None if store is None else np.memmap(store[0], dtype=np.uint8, mode="r")
        self._features_path = torch.zeros(_LONGEST_PATH, dtype=torch.uint8).share_memory_()  # workers see it change
        self._features: tuple[bytes, Any] = (b"", None)

    def __len__(self) -> int:
        return len(self.paths)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pixels": None, "_features": (b"", None)}  # each worker maps the files itself

    def photo(self, index: int) -> Pixels:
        """Pixels ``uint8 [H, W, 3]`` of one photo, of which views are cut; grey where the file can't be read any more."""
        pixels = self._stored_or_decoded(index)
        return pad_to_square(pixels, self.short_side) if self.crop_mode == "border" else pixels

    def _stored_or_decoded(self, index: int) -> Pixels:
        if self.store is None:
            return self._decode(index)
        file, offsets, shapes = self.store
        if self._pixels is None:
            try:
                self._pixels = np.memmap(file, dtype=np.uint8, mode="r")
            except FileNotFoundError:  # another run's cache has evicted it since
                self.store = None
                return self._decode(index)
        height, width = shapes[index]
        start = offsets[index]
        return self._pixels[start : start + height * width * 3].reshape(height, width, 3)

    def _decode(self, index: int) -> Pixels:
        path = self.paths[index]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # PIL warns about odd metadata
                return decode_photo(path, self.short_side, self.max_pixels, self._grey_range, self.crop_mode)
        except (UnusablePhoto, OSError) as error:
            if index not in self._lost:
                self._lost.add(index)
                why = (error.strerror if isinstance(error, OSError) else None) or error
                log.warning(f"{printable(path)}: was read when the run began and can't be now ({why}): grey is shown instead.")
            return np.full((self.short_side, self.short_side, 3), 128, np.uint8)

    def _grey_range(self, levels: Levels) -> GreyRange:
        return self.grey_ranges.get(levels.kind) or usual_range(levels)

    def _sample_view(self, photo: Pixels, epoch: int, index: int) -> ViewParams:
        height, width = photo.shape[:2]
        if self.augment is None:
            return ViewParams((height - self.size) // 2, (width - self.size) // 2, [])
        rng = np.random.default_rng([self.seed, epoch, index])
        return self.augment.sample(rng, height, width, self.size, self.short_side)

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
        windows, params = pixels.numpy(), []
        photo, decoded = self.photo(keys[0][1]), keys[0][1]
        for place, (epoch, index) in enumerate(keys):
            if index != decoded:  # several views of a photo come in succession
                photo, decoded = self.photo(index), index
            top, left, param = self._sample_view(photo, epoch, index)
            windows[place] = photo[top : top + side, left : left + side]
            params.append(param)
        x = pixels.permute(0, 3, 1, 2)
        if self.augment is None and not self.mix:
            return x, y
        seed = int(np.random.SeedSequence([self.seed, *keys[0], 1]).generate_state(1, np.uint32)[0]) if self.mix else -1
        if self.augment is not None and self.augment.device == "device":  # some devices have no float64
            return x, y, torch.tensor(params, dtype=torch.float32), torch.tensor([seed])
        return apply_views(
            x, y, torch.tensor(params, dtype=torch.float64), torch.tensor([seed]), self.size, self.augment, self.mix
        )

    def views(self, augment: Augmentation | None, seed: int) -> PhotoDataset:
        """The same photos with another augmentation and without MixUp and CutMix."""
        other = PhotoDataset(
            self.paths,
            self.targets,
            self.size,
            self.short_side,
            augment,
            None,
            seed,
            None,
            self.max_pixels,
            self.grey_ranges,
            self.crop_mode,
        )
        other.store, other._pixels = self.store, self._pixels  # what is mapped already
        return other

    # Precomputed features --------------------------------------------------------------------------------------

    def use_features(self, path: Path | None) -> None:
        """From the next batch on, give a network's features of the photos instead of their pixels.

        Args:
            path: A ``.npy`` file, floating point ``[views, N, F]``; epoch ``e`` gives view ``e % views``. ``None``: pixels.
        """
        name = b"" if path is None else os.fsencode(path.resolve())
        self._features_path.zero_()
        self._features_path[: len(name)] = torch.tensor(list(name), dtype=torch.uint8)
        self.features()  # mapped at once, in this process too

    def features(self) -> Any:
        """The features in use, memory-mapped ``[views, N, F]``, or ``None``."""
        name = self._features_path.numpy().tobytes().rstrip(b"\0")
        if name != self._features[0]:
            self._features = (name, np.load(os.fsdecode(name), mmap_mode="r", allow_pickle=False) if name else None)
        return self._features[1]


def apply_views(
    windows: Tensor, y: Tensor, params: Tensor, seed: Tensor, size: int, augment: Augmentation | None, mix: MixUpCutMix | None
) -> Batch:
    """Make the sampled views of a batch, and mix them if wanted; on whatever device the tensors are.

    Args:
        windows: ``uint8 [B, 3, S, S]``.
        y: Their targets.
        params: Sampled parameters of each view ``[B, K]``.
        seed: ``[1]``: seed of MixUp and CutMix; negative: no mixing.
        size: Side of the views.
        augment: Makes the views; ``None``: windows are views.
        mix: MixUp and CutMix; ``None``: off.
    """
    x = windows if augment is None else augment(windows, params, size)
    return mix(x, y, int(seed[0])) if mix and int(seed[0]) >= 0 else (x, y)


def identity_collate(batch: Batch) -> Batch:
    """The loader's ``collate_fn``: :class:`PhotoDataset` builds whole batches, so there is nothing to collate."""
    return batch
