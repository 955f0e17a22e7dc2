"""Labelled photos as a LightningDataModule: class folders or a CSV, cleaned, decoded once, in seeded order."""

from __future__ import annotations

import csv
import hashlib
import logging
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException
from torch import Tensor
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.csv_files import open_table, write_csv
from ..loading.seeded_sampler import SeededSampler
from .dataset import Augmentation, Batch, PhotoDataset, as_batch, finish
from .decode import MAX_PIXELS, center_crop
from .image_cache import ScannedPhotos, near_duplicates, scan_photos
from .layouts import SPLITS, Photos, existing_photo, read_class_folders, read_csv, split_train
from .mixup_cutmix import Mix

log = logging.getLogger(__name__)


class ImageFolder(LightningDataModule):
    """Photos in class folders (``train/ valid|val/ test/``, or one folder to be split) or named in a CSV.

    What can't be used is left out, listed in ``rejected.csv`` of the run folder, and never touched on disk: files that are
    not images, empty, broken or truncated ones, duplicates by their bytes. Photos that look nearly alike are listed too,
    above all across training and validation, but kept.

    Args:
        root: The data set's folder.
        size: Side of the square the model sees, in pixels.
        batch_size: Photos a batch, on each process.
        crop_fraction: Share of the photo's shorter side that the square covers.
        augment: Makes training views (:class:`.Augment`, :class:`.RandAugment`); ``None``: the middle of each photo, as in
            validation.
        mixup: Blend photos of a batch in training, see :class:`.Mix`; 0: no.
        cutmix: Paste parts of photos into others in training, see :class:`.Mix`; 0: no.
        valid_fraction: Share of each class that becomes the validation split where the layout has none.
        csv: A CSV of files and labels, relative to ``root`` (or absolute); default: class folders.
        file_column: Column of file names in it, relative to ``root`` or to ``images``.
        label_column: Column of labels in it.
        split_column: Column that says train, valid or test; default: split by ``valid_fraction``.
        label_separator: What joins several labels of one photo; makes the task multi-label.
        images: Folder of the CSV's photos, relative to ``root``.
        seed: Of the split, the order and the augmentation.
        cache: Folder for what was found in the photos and for their pixels.
        cache_gb: At most this many GB of decoded pixels are kept on disk; 0 decodes photos whenever they are needed.
        num_workers: Processes that build batches. Default: none where pixels are cached, else one per core.
        max_pixels: Photos with more pixels are left out.
        report: Folder for ``rejected.csv`` and ``near_duplicates.csv``; ``None`` writes none.

    Raises:
        MisconfigurationException: A folder or table that can't be used; the message says what was found and wanted.
    """

    predicts = "PHOTOS"  # what predict.py is given, for the last table
    own = ("data=image_folder", "data.root=PHOTOS")  # what to type for one's own data

    def __init__(
        self,
        root: str | os.PathLike[str] | None,
        size: int = 224,
        batch_size: int = 16,
        crop_fraction: float = 0.875,
        augment: Augmentation | None = None,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        valid_fraction: float = 0.2,
        csv: str | None = None,
        file_column: str = "file",
        label_column: str = "label",
        split_column: str | None = None,
        label_separator: str | None = None,
        images: str = "",
        seed: int = 1,
        cache: str | os.PathLike[str] = "data/cache",
        cache_gb: float = 4.0,
        num_workers: int | None = None,
        max_pixels: int = MAX_PIXELS,
        report: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        for option, value, valid in (
            ("size", size, size >= 8),
            ("batch_size", batch_size, batch_size >= 1),
            ("crop_fraction", crop_fraction, 0 < crop_fraction <= 1),
            ("valid_fraction", valid_fraction, 0 < valid_fraction < 1),
            ("cache_gb", cache_gb, cache_gb >= 0),
            ("max_pixels", max_pixels, 1 <= max_pixels <= 178_000_000),  # PIL itself refuses more
            ("label_separator", label_separator, label_separator != ""),
        ):
            if not valid:
                raise MisconfigurationException(f"data.{option}={value} is out of range.")
        if augment is not None and not all(callable(getattr(augment, each, None)) for each in ("window", "draw", "__call__")):
            raise MisconfigurationException(
                f"data.augment is a {type(augment).__name__}, which makes no views of photos; choose augment=none, basic, "
                "side_on, top_down, crop_mirror or randaugment."
            )
        self.root = None if root is None else Path(root)
        self.size = size
        self.short_side = round(size / crop_fraction)
        self.batch_size = batch_size
        self.augment = augment
        self.mixup, self.cutmix = mixup, cutmix
        self.valid_fraction = valid_fraction
        self.csv = csv
        self.file_column = file_column
        self.label_column = label_column
        self.split_column = split_column
        self.label_separator = label_separator
        self.images = images
        self.seed = seed
        self.cache = Path(cache)
        self.cache_gb = cache_gb
        self.num_workers = num_workers
        self.max_pixels = max_pixels
        self.report = None if report is None else Path(report)
        self.classes: list[str] = []
        self.rejected: list[tuple[str, str]] = []
        self._datasets: dict[str, PhotoDataset] = {}
        self._digest = ""
        self._digests: dict[str, str] = {}  # of each split's photos in their order
        self._mix: Mix | None = None

    # What is there ----------------------------------------------------------------------------------------------------

    def _read_layout(self) -> Photos:
        if self.root is None:
            raise MisconfigurationException("data.root is missing: give the folder that holds your photos, data.root=PHOTOS.")
        if self.csv is None:
            return read_class_folders(self.root)
        return read_csv(
            self.root / self.csv,
            self.root / self.images,
            self.file_column,
            self.label_column,
            self.split_column,
            self.label_separator,
        )

    def prepare_data(self) -> None:
        """Read every photo once and keep what was found on disk; once a node. Not where only new ones are to be predicted."""
        if "predict" in self._datasets:
            return
        self._scan(self._read_layout())

    def _scan(self, photos: Photos) -> ScannedPhotos:
        return scan_photos(photos.paths, self.short_side, self.cache, self.cache_gb, self.max_pixels)

    def setup(self, stage: str | None = None) -> None:
        """Split, clean, and make the data sets; cheap after :meth:`prepare_data`."""
        if self._datasets or stage == "predict":
            return
        photos = self._read_layout()
        scanned = self._scan(photos)
        usable = self._clean(photos, scanned)
        found, photos = photos, photos.keep(usable)
        if "valid" not in found.splits:
            split_train(photos, self.valid_fraction, self.seed)
        self._check(photos, found)
        digests = sorted(f"{s} {h}" for s, h in zip(photos.splits, scanned.sha256[usable].tolist(), strict=True))
        self._digest = hashlib.sha256("\n".join(digests).encode()).hexdigest()
        self._report_near_duplicates(photos, scanned.dhash[usable])
        targets = self._targets(photos)
        self._mix = Mix(self.mixup, self.cutmix, len(self.classes))
        for split in SPLITS:
            chosen = [i for i, s in enumerate(photos.splits) if s == split]
            if not chosen:
                continue
            rows = np.asarray(usable)[chosen]
            self._digests[split] = hashlib.sha256("\n".join(scanned.sha256[rows].tolist()).encode()).hexdigest()
            self._datasets[split] = PhotoDataset(
                [photos.paths[i] for i in chosen],
                targets[chosen],
                self.size,
                self.short_side,
                self.augment if split == "train" else None,
                self._mix if split == "train" else None,
                self.seed,
                None if scanned.pixels is None else (scanned.pixels, scanned.offset[rows], scanned.shape[rows]),
                self.max_pixels,
            )

    def _clean(self, photos: Photos, scanned: ScannedPhotos) -> list[int]:
        """Indices of the photos to use; fills ``rejected`` with the others and why."""
        reasons = scanned.reason.tolist()
        # Of photos with the same bytes one is kept: that of valid or test rather than train, so that these stay what they
        # were; none where they are labelled differently.
        kept: dict[str, int] = {}
        order = sorted(range(len(photos)), key=lambda i: (-SPLITS.index(photos.splits[i]), i))
        for i in (i for i in order if not reasons[i]):
            first = kept.setdefault(scanned.sha256[i], i)
            if first == i:
                continue
            if photos.labels[first] != photos.labels[i]:
                reasons[i] = f"same bytes as {photos.paths[first]} but another label"
                reasons[first] = reasons[first] or f"same bytes as {photos.paths[i]} but another label"
            else:
                reasons[i] = f"duplicate of {photos.paths[first]}"
        self.rejected = [(str(path), reason) for path, reason in zip(photos.paths, reasons, strict=True) if reason]
        if self.report is not None:
            write_csv(self.report / "rejected.csv", ("file", "reason"), self.rejected)
        if self.rejected:
            kinds = Counter(reason.split(" of ")[0].split(" (")[0].split(" as ")[0] for _, reason in self.rejected)
            listed = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
            log.warning(
                f"{len(self.rejected)} of {len(photos)} files left out ({listed})"
                + (f"; each is named in {self.report / 'rejected.csv'}" if self.report else "")
            )
        return [i for i, reason in enumerate(reasons) if not reason]

    def _report_near_duplicates(self, photos: Photos, dhash: np.ndarray[Any, Any]) -> None:
        pairs = near_duplicates(dhash)
        across = [(i, j) for i, j in pairs if photos.splits[i] != photos.splits[j]]
        if self.report is not None and pairs:
            rows = [
                (str(photos.paths[i]), photos.splits[i], str(photos.paths[j]), photos.splits[j])
                for i, j in sorted(pairs, key=lambda pair: photos.splits[pair[0]] == photos.splits[pair[1]])
            ]
            write_csv(self.report / "near_duplicates.csv", ("file", "split", "looks like", "its split"), rows)
        if across:
            i, j = across[0]
            log.warning(
                f"{len(across)} photos look nearly the same in two splits, e.g. {photos.paths[i]} and {photos.paths[j]}: "
                "validation may look better than it is (near_duplicates.csv lists them)."
            )

    def _check(self, photos: Photos, found: Photos) -> None:
        """Refuse what can't be learnt from: ``photos`` as cleaned and split, ``found`` as they lay on disk."""
        where = f"data.root={self.root}"
        in_train = {name for labels in self._labels(photos, "train") for name in labels}
        self.classes = sorted(in_train)
        if not self.classes:
            raise MisconfigurationException(f"{where}: no photo can be used; rejected.csv says why.")
        lost = sorted({name for labels in found.labels for name in labels} - in_train)
        if lost:
            raise MisconfigurationException(
                f"{where}: no usable training photo is labelled {lost[0]!r}, yet there are some of it; rejected.csv says which "
                "were left out and why."
            )
        for split in SPLITS[1:]:
            if split in found.splits and split not in photos.splits:
                raise MisconfigurationException(f"{where}: none of the photos in {split} can be used; rejected.csv says why.")
        if "valid" not in photos.splits:
            raise MisconfigurationException(f"{where}: too few photos for a validation split; add some.")
        if len(self.classes) < 2:
            raise MisconfigurationException(
                f"{where}: found one class only ({self.classes[0]}); photos of at least two are needed."
            )

    @staticmethod
    def _labels(photos: Photos, split: str) -> list[tuple[str, ...]]:
        return [labels for labels, s in zip(photos.labels, photos.splits, strict=True) if s == split]

    def _targets(self, photos: Photos) -> Tensor:
        column = {name: i for i, name in enumerate(self.classes)}
        if self.label_separator is None:
            return torch.tensor([column[labels[0]] for labels in photos.labels])
        targets = torch.zeros(len(photos), len(self.classes), dtype=torch.int64)
        for row, labels in enumerate(photos.labels):
            targets[row, [column[name] for name in labels]] = 1
        return targets

    # What the model and the run need to know --------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """``classes``, ``class_counts`` (training photos of each), ``multi_label`` and ``image_size``: the model's facts."""
        targets = self._datasets["train"].targets
        multi_label = self.label_separator is not None
        counts = targets.sum(0) if multi_label else torch.bincount(targets, minlength=len(self.classes))
        return {"classes": self.classes, "class_counts": counts.tolist(), "multi_label": multi_label, "image_size": self.size}

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the data come from: folder, photos of each split, how many were left out, SHA-256 of all contents."""
        return {
            "source": str(self.root),
            **{split: len(dataset) for split, dataset in self._datasets.items()},
            "rejected": len(self.rejected),
            "sha256": self._digest,
        }

    @property
    def tests_on(self) -> str:
        """The split that ``test`` measures: ``valid`` where there is no other."""
        return "test" if "test" in self._datasets else "valid"

    def row_names(self, split: str) -> list[str]:
        """Names of the photos of a split (``train valid test predict``), in the order of its unshuffled loader."""
        return [str(path) for path in self._datasets[split].paths]

    # Loaders ----------------------------------------------------------------------------------------------------------

    def _loader(self, dataset: PhotoDataset, shuffle: bool = False, views: int = 0) -> StatefulDataLoader[Any]:
        trainer = self.trainer
        workers = self.num_workers
        if workers is None:
            workers = 0 if dataset.store is not None else os.cpu_count() or 1
        sampler = SeededSampler(
            dataset,
            shuffle,
            self.seed,
            rank=trainer.global_rank if trainer else 0,
            world_size=trainer.world_size if trainer else 1,
        )
        return StatefulDataLoader(
            dataset,
            batch_size=self.batch_size * max(1, views),
            sampler=sampler if views == 0 else [(view, index) for _, index in sampler for view in range(views)],
            num_workers=workers,
            collate_fn=as_batch,
            # A last training batch of one photo would leave BatchNorm without a deviation.
            drop_last=shuffle and len(sampler) > self.batch_size > 1 and len(sampler) % self.batch_size == 1,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=workers > 0,
            worker_init_fn=_leave_interrupts_to_parent if workers else None,
        )

    def train_dataloader(self) -> StatefulDataLoader[Any]:
        """Training photos, augmented, in an order of their own each epoch."""
        return self._loader(self._datasets["train"], shuffle=True)

    def val_dataloader(self) -> StatefulDataLoader[Any]:
        """Validation photos, plain."""
        return self._loader(self._datasets["valid"])

    def test_dataloader(self) -> StatefulDataLoader[Any]:
        """Test photos, plain; those of validation where there are no others."""
        return self._loader(self._datasets[self.tests_on])

    def views_dataloader(self, split: str, count: int) -> StatefulDataLoader[Any]:
        """Augmented views of a split's photos in their unshuffled order: those that training shows in epochs 0 to ``count - 1``.

        Args:
            split: ``train valid test predict``; ``test`` as in :meth:`test_dataloader`.
            count: Views of each photo; 0: the plain one.

        Returns:
            Batches as the split's own, but each photo ``count`` times in succession.

        Raises:
            MisconfigurationException: There is no augmentation.
        """
        if count and self.augment is None:
            raise MisconfigurationException("augment=none makes all views of a photo alike; choose one, e.g. augment=side_on.")
        dataset = self._datasets[self.tests_on if split == "test" else split]
        return self._loader(dataset.views(self.augment if count else None, self.seed), views=count)

    @property
    def augments(self) -> bool:
        """Whether training photos vary."""
        return self.augment is not None

    def fingerprint(self, split: str, views: int) -> str:
        """What batches of :meth:`views_dataloader` follow from: the photos' contents and order, size and augmentation."""
        facts = [self._digests[split], self.size, self.short_side]
        return " ".join(map(str, [*facts, self.augment, self.seed, views] if views else facts))

    def use_features(self, split: str, path: Path | None) -> None:
        """Give what a network has made of a split's photos in place of their pixels: see :meth:`.PhotoDataset.use_features`.

        Raises:
            MisconfigurationException: Photos are blended, which can't be done to features.
        """
        if path is not None and split == "train" and self._mix:
            raise MisconfigurationException(
                "data.mixup and data.cutmix blend pixels, and precomputed activations are none: leave out one or the other."
            )
        self._datasets[split].use_features(path)

    def example_views(self, count: int) -> Tensor | None:
        """The first training photo, plain and in ``count`` augmented views: ``uint8 [1 + count, 3, size, size]``."""
        if self.augment is None:
            return None
        dataset = self._datasets["train"]
        photo = center_crop(dataset.photo(0), self.size)
        drawn = [
            self.on_after_batch_transfer(dataset.views(self.augment, self.seed).__getitems__([(view, 0)]), 0)[0]
            for view in range(count)
        ]
        return torch.cat([torch.from_numpy(photo.copy()).permute(2, 0, 1)[None], *drawn])

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Batch:
        """Make the views of a batch on the model's device, where ``augment.on=device``."""
        if not (isinstance(batch, list | tuple) and len(batch) == 4):
            return batch
        windows, y, changes, seed = batch
        return finish(windows, y, changes, seed, self.size, self.augment, self._mix)

    # New photos -------------------------------------------------------------------------------------------------------

    def predict_from(self, source: str | os.PathLike[str]) -> None:
        """Take new photos for :meth:`predict_dataloader`; those that can't be used go to ``rejected``.

        Args:
            source: A photo, a folder of photos (searched throughout), or a CSV whose first or ``file_column`` column names
                photos relative to it.

        Raises:
            MisconfigurationException: Nothing there, or nothing in it that can be used.
        """
        self._predict(photos_in(Path(source), self.file_column, self.images), source)

    def _predict(self, paths: list[Path], source: str | os.PathLike[str]) -> None:
        scanned = scan_photos(paths, self.short_side, self.cache, self.cache_gb, self.max_pixels)
        usable = [i for i, reason in enumerate(scanned.reason.tolist()) if not reason]
        self.rejected = [(str(paths[i]), str(r)) for i, r in enumerate(scanned.reason.tolist()) if r]
        if not usable:
            reason = f" ({self.rejected[0][1]})" if self.rejected else ""
            raise MisconfigurationException(f"input={source}: holds no photo that can be read{reason}.")
        self._datasets["predict"] = PhotoDataset(
            [paths[i] for i in usable],
            torch.full((len(usable),), -1),
            self.size,
            self.short_side,
            store=None if scanned.pixels is None else (scanned.pixels, scanned.offset[usable], scanned.shape[usable]),
            max_pixels=self.max_pixels,
        )

    def predict_dataloader(self) -> StatefulDataLoader[Any]:
        """The photos of :meth:`predict_from`, plain, in their order."""
        if "predict" not in self._datasets:
            raise MisconfigurationException("No photos to predict: call predict_from(FILE, FOLDER or CSV) first.")
        return self._loader(self._datasets["predict"])

    def predict_rows(self) -> list[dict[str, str]]:
        """What each prediction is of: its ``file``."""
        return [{"file": name} for name in self.row_names("predict")]


def _leave_interrupts_to_parent(worker: int) -> None:
    """Ctrl-C reaches every process of a terminal; the parent still needs its workers to end its step."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def photos_in(source: Path, file_column: str, images: str) -> list[Path]:
    """Files that new photos may be: one, those of a folder and all below it, or those that a CSV names."""
    if source.is_dir():
        return sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith("."))
    if not source.is_file():
        raise MisconfigurationException(f"input={source}: no such file or folder.")
    if source.suffix.lower() != ".csv":
        return [source]
    with open_table(source) as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or []
        column = file_column if file_column in columns else columns[0] if columns else None
        if column is None:
            raise MisconfigurationException(f"input={source}: is empty; a header and a row for each photo are wanted.")
        names = [row[column] for row in reader if row[column]]
    folders = (source.parent / images, source.parent)  # as in training, or beside the table
    return [next((path for folder in folders if (path := existing_photo(folder, name))), source.parent / name) for name in names]
