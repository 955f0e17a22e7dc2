"""Loaders of photos: plain in order, shuffled for training, or as augmented views of every photo.

The base of :class:`.ImageFolder` and :class:`.NewPhotos`. Test-time augmentation takes its views from here
(``views_dataloader``), and so do precomputed activations (``fingerprint``, ``use_features``).
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException
from torch import Tensor
from torchdata.stateful_dataloader import StatefulDataLoader

from ..loading.batch_loader import process_of
from ..loading.seeded_sampler import SeededSampler
from ..loading.set_up import require_set_up
from .dataset import Augmentation, Batch, PhotoDataset, apply_views, identity_collate
from .decode import MAX_PIXELS, CropMode, center_crop
from .deep_grey import parse_ranges, unlike_range
from .image_cache import ImageIndex, index_images
from .mixup_cutmix import MixUpCutMix
from .photo_files import printable
from .photo_loader import PhotoLoader

log = logging.getLogger(__name__)

_LOOKED_AT = 16  # photos of which one is shown with its views
_CENTER = 0.875  # the share of the shorter side that a center crop covers, as usual with ImageNet
_PIL_MAX_PIXELS = 178_000_000  # PIL itself refuses to decode more


class PhotoViews(LightningDataModule):
    """Named splits of photos and their loaders.

    Args:
        size: Side of the square that the model sees, in pixels.
        batch_size: Photos per batch, in each process.
        crop_mode: How a photo becomes a square: ``center``: its middle; ``squash``: all of it, squeezed; ``border``: all of it,
            padded with ImageNet's mean colour. timm's words.
        crop_fraction: Share of the photo's shorter side (of the squeezed or padded square) that is shown. Default: .875 of
            ``center``, else all.
        augment: Makes augmented views; ``None``: every view is the center crop.
        seed: Seed of order and augmentation.
        cache: Folder for the index of the photos and for their pixels.
        cache_gb: Upper limit of the decoded pixels on disk, in GB; 0: photos are decoded whenever they are needed.
        num_workers: Processes that build batches. Default: none where pixels are cached, else one per core.
        max_pixels: Photos with more pixels are rejected.
        grey_range: The values ``[black, white]`` of grey photos of more than 8 bits, or such a pair by kind (``integer``,
            ``floating``); ``None``: found in the photos, see :mod:`.deep_grey`.

    Raises:
        MisconfigurationException: An option is out of range.
    """

    def __init__(
        self,
        size: int = 256,
        batch_size: int = 16,
        crop_fraction: float | None = None,
        augment: Augmentation | None = None,
        seed: int = 1,
        cache: str | os.PathLike[str] = "data/cache",
        cache_gb: float = 4.0,
        num_workers: int | None = None,
        max_pixels: int = MAX_PIXELS,
        grey_range: Sequence[float] | Mapping[str, Sequence[float]] | None = None,
        crop_mode: CropMode = "center",
    ) -> None:
        super().__init__()
        self._require("crop_mode", crop_mode, crop_mode in get_args(CropMode), "center, squash or border")
        if crop_fraction is None:
            crop_fraction = _CENTER if crop_mode == "center" else 1.0
        self._require("size", size, size >= 8, "at least 8 pixels")
        self._require("batch_size", batch_size, batch_size >= 1, "at least 1")
        self._require("crop_fraction", crop_fraction, 0 < crop_fraction <= 1, "above 0 and at most 1")
        self._require("cache_gb", cache_gb, cache_gb >= 0, "at least 0")
        self._require("max_pixels", max_pixels, 1 <= max_pixels <= _PIL_MAX_PIXELS, f"between 1 and {_PIL_MAX_PIXELS}")
        if augment is not None and not all(callable(getattr(augment, name, None)) for name in ("window", "sample", "__call__")):
            raise MisconfigurationException(
                f"{type(self).__name__}: augment is a {type(augment).__name__}, which makes no views of photos; use an Augment "
                "or a RandAugment."
            )
        self.size = size
        self.batch_size = batch_size
        self.crop_mode: CropMode = crop_mode
        self.crop_fraction = crop_fraction
        self.short_side = round(size / crop_fraction)
        self.augment = augment
        self.seed = seed
        self.cache = Path(cache)
        self.cache_gb = cache_gb
        self.num_workers = num_workers
        self.max_pixels = max_pixels
        self.grey_ranges = parse_ranges(grey_range, type(self).__name__)
        self._indexed: tuple[list[Path], ImageIndex] | None = None
        self.datasets: dict[str, PhotoDataset] = {}
        self.digests: dict[str, str] = {}  # split -> SHA-256 of its photos' contents, in their order
        self.mix: MixUpCutMix | None = None

    @classmethod
    def _require(cls, option: str, value: object, valid: bool, wanted: str) -> None:
        """Raise a MisconfigurationException that names the option unless its value is valid."""
        if not valid:
            raise MisconfigurationException(f"{cls.__name__}: {option}={value} must be {wanted}.")

    def index(self, paths: list[Path]) -> ImageIndex:
        """Read these photos once, or load what was found earlier."""
        if self._indexed is None or self._indexed[0] != paths:
            self._indexed = (
                paths,
                index_images(
                    paths, self.short_side, self.cache, self.cache_gb, self.max_pixels, self.grey_ranges, self.crop_mode
                ),
            )
            for note in unlike_range(self._indexed[1].grey_levels(), self.grey_ranges):
                log.warning(note)
        return self._indexed[1]

    def row_names(self, split: str) -> list[str]:
        """File names of a split's photos, in the order of its unshuffled loader; bytes that are no UTF-8 are escaped."""
        return [printable(path) for path in self.datasets[split].paths]

    # Loaders ----------------------------------------------------------------------------------------------------------

    def loader(self, dataset: PhotoDataset, shuffle: bool = False, views: int = 0) -> StatefulDataLoader[Any]:
        """A loader of the data set, or of this process's share of it.

        Args:
            dataset: The photos.
            shuffle: Whether the order changes with the epoch.
            views: Show every photo in this many views in succession; 0: once, in the trainer's epoch.
        """
        workers = self.num_workers
        if workers is None:
            workers = 0 if dataset.store is not None else os.cpu_count() or 1
        sampler = SeededSampler(dataset, shuffle, self.seed, **process_of(self.trainer))
        return PhotoLoader(
            dataset,
            batch_size=self.batch_size * max(1, views),
            sampler=sampler if views == 0 else [(view, index) for _, index in sampler for view in range(views)],
            num_workers=workers,
            collate_fn=identity_collate,
            # A last training batch of one photo would leave BatchNorm without a variance.
            drop_last=shuffle and len(sampler) > self.batch_size > 1 and len(sampler) % self.batch_size == 1,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=workers > 0,
            worker_init_fn=_leave_interrupts_to_parent if workers else None,
        )

    def views_dataloader(self, split: str, count: int) -> StatefulDataLoader[Any]:
        """Augmented views of a split's photos in their unshuffled order: those that training shows in epochs 0 to ``count - 1``.

        Args:
            split: ``train``, ``valid``, ``test`` or ``predict``; ``test`` falls back to ``valid`` as in ``test_dataloader``.
            count: Views per photo; 0: the plain photo.

        Returns:
            Batches like the split's own, but with every photo ``count`` times in succession.

        Raises:
            MisconfigurationException: There is no augmentation.
        """
        if count and self.augment is None:
            raise MisconfigurationException(
                f"{type(self).__name__}: without augmentation all views of a photo are alike; choose one, such as side_on."
            )
        dataset = self.datasets[self.tests_on if split == "test" else split]
        return self.loader(dataset.views(self.augment if count else None, self.seed), views=count)

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Batch:
        """Make the views of a batch on the model's device, where ``augment.device`` is ``"device"``."""
        if not (isinstance(batch, list | tuple) and len(batch) == 4):
            return batch
        windows, y, params, seed = batch
        return apply_views(windows, y, params, seed, self.size, self.augment, self.mix)

    # For test-time augmentation, precomputed activations and figures --------------------------------------------------

    @property
    def training_set(self) -> PhotoDataset:
        """Training photos.

        Raises:
            MisconfigurationException: Nothing is set up yet.
        """
        require_set_up(self, bool(self.datasets))
        return self.datasets["train"]

    @property
    def tests_on(self) -> str:
        """The split that ``test`` evaluates: ``valid`` where there is no ``test``."""
        return "test" if "test" in self.datasets else "valid"

    @property
    def augments(self) -> bool:
        """Whether there is an augmentation."""
        return self.augment is not None

    def fingerprint(self, split: str, views: int) -> str:
        """Identifies the batches of :meth:`views_dataloader`: contents and order of the photos, size, augmentation."""
        facts = [self.digests[split], self.size, self.short_side, *([] if self.crop_mode == "center" else [self.crop_mode])]
        facts += [sorted(self.grey_ranges.items())] if self.grey_ranges else []
        return " ".join(map(str, [*facts, self.augment, self.seed, views] if views else facts))

    @property
    def needs_pixels(self) -> bool:
        """Whether training batches are mixed from pixels (MixUp, CutMix), so that features can't replace them."""
        return bool(self.mix)

    def use_features(self, split: str, path: Path | None) -> None:
        """Give precomputed features of a split's photos instead of their pixels, see :meth:`.PhotoDataset.use_features`.

        Raises:
            MisconfigurationException: Training photos are mixed, which needs pixels.
        """
        if path is not None and split == "train" and self.mix:
            raise MisconfigurationException(
                f"{type(self).__name__}: mixup and cutmix need pixels, precomputed activations replace them; use one of the two."
            )
        self.datasets[split].use_features(path)

    def example_batch(self) -> Batch:
        """The first training batch, of photos even where their features are trained on: of those that the features are of."""
        dataset = self.training_set
        if (features := dataset.features()) is not None:
            dataset = dataset.views(self.augment if len(features) > 1 else None, self.seed)
        order = SeededSampler(dataset, True, self.seed, **process_of(self.trainer))
        return self.on_after_batch_transfer(dataset.__getitems__([*islice(order, self.batch_size)]), 0)

    def example_views(self, count: int) -> Tensor | None:
        """A training photo, plain and in ``count`` views: ``uint8 [1 + count, 3, size, size]``; ``None``: no augmentation.

        Of the first ones it is that with the most contrast, as of plain ground all views look alike.
        """
        if self.augment is None:
            return None
        dataset = self.training_set
        chosen = max(range(min(_LOOKED_AT, len(dataset))), key=lambda number: float(dataset.photo(number).std()))
        photo = center_crop(dataset.photo(chosen), self.size)
        views = [
            self.on_after_batch_transfer(dataset.views(self.augment, self.seed).__getitems__([(view, chosen)]), 0)[0]
            for view in range(count)
        ]
        return torch.cat([torch.from_numpy(photo.copy()).permute(2, 0, 1)[None], *views])


def _leave_interrupts_to_parent(worker: int) -> None:
    """Ignore Ctrl-C, which reaches every process of a terminal: the parent still needs its workers to end its step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
