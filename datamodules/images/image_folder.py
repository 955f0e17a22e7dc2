"""Labelled photos as a LightningDataModule: class folders, a CSV or names; cleaned, decoded once, in seeded order."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.archive import without_zip
from ..files.csv_format import DETECT, WRITTEN, CSVFormat, check_csv_format, detect_format
from ..loading.source import Local, Source
from ..loading.training_length import enough_epochs
from .class_folders import read_class_folders
from .cleaning import encode_targets, leave_out, report_near_duplicates, trainable_classes
from .dataset import Augmentation, PhotoDataset
from .decode import MAX_PIXELS, CropMode
from .deep_grey import shown
from .held_out_photos import hold_out
from .image_cache import ImageIndex
from .input_record import write_record
from .label_pattern import label_regex, matched_sentence, read_by_pattern
from .layouts import Photos, read_csv
from .mirrored_classes import warn_of_flips
from .mixup_cutmix import MixUpCutMix
from .perceptual_hash import near_duplicates
from .photo_files import printable
from .photo_groups import group_photos
from .photo_input import PhotoInput
from .show_batch import ShowsPhotos
from .split_names import SPLITS
from .split_record import seen_before, write_splits

log = logging.getLogger(__name__)

_EPOCHS, _STEPS = 10, 100  # at least


class ImageFolder(PhotoInput, ShowsPhotos):
    """Photos in class folders (``train/``, ``valid/`` or ``val/``, ``test/``; or one to be split), or labelled by a CSV or names.

    Files that can't be used are left out and listed in ``rejected.csv``: files that are not images, empty, broken or truncated
    ones, and exact duplicates. Near duplicates are kept, but listed in ``near_duplicates.csv``, those with other labels first. No
    file is changed. Splits' folders may have other usual names: see :mod:`.class_folders`.

    Args:
        root: The data set's folder, or a zip file of it.
        size: Side of the square that the model sees, in pixels.
        batch_size: Photos per batch, in each process.
        crop_mode: How a photo becomes a square: ``center``, ``squash`` or ``border``, see :class:`.PhotoViews`.
        crop_fraction: Share of the photo's shorter side that the square covers; default: .875, with ``squash``, ``border`` all.
        augment: Makes training views (:class:`.Augment`, :class:`.RandAugment`); ``None``: center crops, as in validation.
        mixup: Alpha of MixUp in training, see :class:`.MixUpCutMix`; 0: off.
        cutmix: Alpha of CutMix in training, see :class:`.MixUpCutMix`; 0: off.
        valid_fraction: Share of each class that becomes the validation split where the layout has none.
        test_fraction: Share for the test, where the layout has no splits at all; ``None``: a tenth, from 500 photos on; 0: none.
        csv: A CSV (or TSV ...) of files and labels, relative to ``root`` (or absolute); default: class folders.
        file_column: Its column of file names, relative to ``root`` or to ``images``.
        label_column: Its column of labels.
        split_column: Its column of splits (train, valid or test); default: split by ``valid_fraction``.
        label_separator: Separator of several labels of one photo; makes the task multi-label.
        images: Folder of the CSV's photos, relative to ``root``.
        label_pattern: A regular expression whose group is the label in each file's name (in its path, if it contains a ``/``), in
            place of class folders and of ``csv``; see :mod:`.label_pattern`.
        group_column: The CSV's column of what photos that belong together have in common (a person, a patient, a burst): they
            stay on one side of the split. Up to ten near duplicates do so anyway.
        group_pattern: A regular expression whose group is that in each file's name, like ``label_pattern``.
        csv_format: What is known of the CSV's format: ``delimiter``, ``quote`` (``''``: none), ``decimal``, ``encoding``,
            ``header``; what is ``None`` is detected.
        seed: Seed of the split, the order and the augmentation.
        cache: Folder for the index of the photos and for their pixels.
        cache_gb: Upper limit of the decoded pixels on disk, in GB; 0: photos are decoded whenever they are needed.
        num_workers: Processes that build batches. Default: none where pixels are cached, else one per core.
        max_pixels: Photos with more pixels are rejected.
        report_dir: Folder for ``rejected.csv`` and ``near_duplicates.csv``; ``None``: they aren't written.
        grey_range: The values ``[black, white]`` of grey photos of more than 8 bits, or such a pair by kind (``integer``,
            ``floating``); ``None``: found in the photos, see :mod:`.deep_grey`.
        artifacts_dir: Folder for ``input.json`` and ``splits.csv``, which keep what later uses of the run must know; ``None``
            writes none.

    Raises:
        MisconfigurationException: An option is out of range, or a folder or table can't be used; the message says what was
            found and what is needed.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from PIL import Image
        >>> from practicum.datamodules import ImageFolder
        >>> root = Path(tempfile.mkdtemp())
        >>> for i, (name, colour) in enumerate([("cats", "red"), ("dogs", "blue")] * 4):
        ...     (root / name).mkdir(exist_ok=True)
        ...     Image.new("RGB", (40, 40 + i), colour).save(root / name / f"{i}.jpg")
        >>> data = ImageFolder(root, size=32, batch_size=2, cache=root / ".cache")
        >>> data.prepare_data()
        >>> data.setup()
        >>> data.describe()
        {'classes': ['cats', 'dogs'], 'class_counts': [3, 3], 'multi_label': False, 'image_size': 32}
        >>> x, y = next(iter(data.train_dataloader()))
        >>> x.shape, x.dtype
        (torch.Size([2, 3, 32, 32]), torch.uint8)
        >>> len(data.for_prediction(root / "dogs").row_columns()["file"])
        4
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        size: int = 256,
        batch_size: int = 16,
        crop_mode: CropMode = "center",
        crop_fraction: float | None = None,
        augment: Augmentation | None = None,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        valid_fraction: float = 0.2,
        test_fraction: float | None = None,
        csv: str | None = None,
        file_column: str = "file",
        label_column: str = "label",
        split_column: str | None = None,
        label_separator: str | None = None,
        images: str = "",
        label_pattern: str | None = None,
        group_column: str | None = None,
        group_pattern: str | None = None,
        csv_format: Mapping[str, Any] | None = DETECT,
        seed: int = 1,
        cache: str | os.PathLike[str] = "data/cache",
        cache_gb: float = 4.0,
        num_workers: int | None = None,
        max_pixels: int = MAX_PIXELS,
        report_dir: str | os.PathLike[str] | None = None,
        grey_range: Sequence[float] | Mapping[str, Sequence[float]] | None = None,
        artifacts_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(
            size, batch_size, crop_fraction, augment, seed, cache, cache_gb, num_workers, max_pixels, grey_range, crop_mode
        )
        self._require("valid_fraction", valid_fraction, 0 < valid_fraction < 1, "above 0 and below 1")
        fits = test_fraction is None or 0 <= test_fraction < 1 - valid_fraction
        self._require("test_fraction", test_fraction, fits, "at least 0 and leave training photos beside valid_fraction")
        self._require("label_separator", repr(label_separator), label_separator != "", "None or at least one character")
        self._require("mixup", mixup, mixup >= 0, "at least 0 (0: off)")
        self._require("cutmix", cutmix, cutmix >= 0, "at least 0 (0: off)")
        self.root = Path(root)
        self.source: Source = Local(self.root)
        self.mixup, self.cutmix = mixup, cutmix
        self.valid_fraction, self.test_fraction = valid_fraction, test_fraction
        self.csv, self.images = csv, images
        self.file_column, self.label_column, self.split_column = file_column, label_column, split_column
        self.label_separator, self.label_pattern = label_separator, label_pattern
        if label_pattern is not None:
            label_regex(label_pattern)
            self._require("label_pattern", repr(label_pattern), csv is None, "left out beside csv, which has a column of labels")
        self._require("group_column", group_column, group_column is None or csv is not None, "left out without csv")
        self.group_column, self.group_pattern = group_column, group_pattern
        if group_pattern is not None:
            label_regex(group_pattern, "group_pattern")
        self.csv_format = check_csv_format(csv_format, WRITTEN)
        self.report_dir, self.artifacts_dir = (None if each is None else Path(each) for each in (report_dir, artifacts_dir))
        self.classes, self.rejected = list[str](), list[tuple[str, str]]()
        self._digest, self._seen_before = "", dict[str, int]()  # by split: photos that the weights' run was trained on
        self._found_format: CSVFormat | None = None

    # Photos -----------------------------------------------------------------------------------------------------------

    def read_layout(self) -> Photos:
        """All labelled photos of the data set, before cleaning; a zip file is extracted first."""
        self.root = without_zip(self.root, self.cache)
        if self.label_pattern is not None:
            return read_by_pattern(self.root, self.label_pattern, self.label_separator)
        if self.csv is None:
            return read_class_folders(self.root)
        return read_csv(
            self.root / self.csv,
            self.root / self.images,
            self.file_column,
            self.label_column,
            self.split_column,
            self.label_separator,
            self.csv_format,
            self.group_column,
        )

    def prepare_data(self) -> None:
        """Obtain the photos where they aren't there yet, and read each once; the index is kept in ``cache``."""
        self.source.prepare()
        self.index(self.read_layout().paths)

    def setup(self, stage: str | None = None) -> None:
        """Clean and split the photos; cheap after :meth:`prepare_data`."""
        if self.datasets:
            return
        found = self.read_layout()
        if self.label_pattern is not None:
            log.info(matched_sentence(found, self.root))
        group_photos(found, self.root, self.group_pattern)
        index = self.index(found.paths)
        usable, self.rejected = leave_out(found, index, self.report_dir)
        self._keep_input(index, len(found))
        photos = found.select(usable)
        self._sha256 = index.sha256[usable].tolist()
        alike = near_duplicates(index.dhash[usable], thumbnails=index.thumbnail[usable])
        shares, self._splits = (self.valid_fraction, self.test_fraction), photos.splits
        hold_out(photos, {*found.splits}, *shares, self.seed, self.root, self._sha256, alike)
        write_splits(self.artifacts_dir, photos, self._sha256)
        self.classes = trainable_classes(photos, found, self.root, self.label_separator, self.valid_fraction)
        warn_of_flips(self.classes, self.augment, printable(self.root))
        contents = sorted(f"{s} {h}" for s, h in zip(photos.splits, self._sha256, strict=True))
        self._digest = hashlib.sha256("\n".join(contents).encode()).hexdigest()
        self._near_duplicates = report_near_duplicates(photos, alike, self.report_dir)
        targets = encode_targets(photos.labels, self.classes, self.label_separator is not None)
        self.mix = MixUpCutMix(self.mixup, self.cutmix, len(self.classes))
        for split in SPLITS:
            chosen = [i for i, s in enumerate(photos.splits) if s == split]
            if not chosen:
                continue
            rows = np.asarray(usable)[chosen]
            self.digests[split] = hashlib.sha256("\n".join(index.sha256[rows].tolist()).encode()).hexdigest()
            self.datasets[split] = PhotoDataset(
                [photos.paths[i] for i in chosen],
                targets[chosen],
                self.size,
                self.short_side,
                self.augment if split == "train" else None,
                self.mix if split == "train" else None,
                self.seed,
                index.store(rows),
                self.max_pixels,
                self.grey_ranges,
                self.crop_mode,
            )

    def note_earlier_run(self, run: Path) -> None:
        """Count and say which held-out photos a run was trained on whose weights are taken; after :meth:`setup`."""
        self._seen_before = seen_before(self._splits, self._sha256, run)

    def _keep_input(self, index: ImageIndex, count: int) -> None:
        """Say once what is black and white in deep grey photos; keep that and the CSV's format for new ones."""
        if index.grey_ranges and not self.grey_ranges:
            log.warning(
                f"{printable(self.root)}: {index.deep.sum():,} of {count:,} photos are grey with more than 8 bits: "
                f"{shown(index.grey_ranges)}, found in them, is shown as black to white; to change it: grey_range=[BLACK,WHITE]."
            )
        self.grey_ranges = {**index.grey_ranges, **self.grey_ranges}
        self._found_format = None if self.csv is None else detect_format(self.root / self.csv, **self.csv_format)
        form = None if self._found_format is None else self._found_format.as_dict()
        write_record(self.artifacts_dir, grey_range=index.grey_ranges or None, csv=form)

    # Facts about the data ---------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """Facts that a model may need: ``classes``, ``class_counts`` (training photos each), ``multi_label``, ``image_size``.

        Raises:
            MisconfigurationException: Nothing is set up yet.
        """
        targets = self.training_set.targets
        multi_label = self.label_separator is not None
        counts = targets.sum(0) if multi_label else torch.bincount(targets, minlength=len(self.classes))
        return {"classes": self.classes, "class_counts": counts.tolist(), "multi_label": multi_label, "image_size": self.size}

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the data come from: source, photos per split, alike and rejected, SHA-256 over all contents; what is unusual."""
        return {
            "source": str(self.source),
            **{split: len(dataset) for split, dataset in self.datasets.items()},
            **self._near_duplicates,
            **{f"seen_before/{split}": count for split, count in self._seen_before.items()},
            "rejected": len(self.rejected),
            "sha256": self._digest,
            **({"csv": unusual} if self._found_format and (unusual := self._found_format.unusual()) else {}),
            **({"grey_range": {kind: list(each) for kind, each in self.grey_ranges.items()}} if self.grey_ranges else {}),
        }

    def suggested_epochs(self) -> int:
        """10, or as many as make 100 steps."""
        return enough_epochs(len(self.training_set), self.batch_size, _EPOCHS, _STEPS)

    # Loaders ----------------------------------------------------------------------------------------------------------

    def train_dataloader(self) -> StatefulDataLoader[Any]:
        """Training photos, augmented, in a new order each epoch."""
        return self.loader(self.training_set, shuffle=True)

    def val_dataloader(self) -> StatefulDataLoader[Any]:
        """Validation photos, plain."""
        return self.loader(self.datasets["valid"])

    def test_dataloader(self) -> StatefulDataLoader[Any]:
        """Test photos, plain; the validation photos where there are no test photos."""
        return self.loader(self.datasets[self.tests_on])
