"""New photos for a trained model: to predict, or with labels, to be scored."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from ..files.archive import without_zip
from ..files.csv_format import CSVFormat
from ..files.csv_reader import is_text_table
from ..files.quoting import listed, quoted
from ..loading.inputs import each_input, input_name
from .class_folders import read_class_folders
from .cleaning import encode_targets
from .deep_grey import parse_ranges
from .input_record import INPUT_FILE, kept_format, read_record
from .label_pattern import NO_LABEL, read_by_pattern
from .layouts import Photos, read_csv
from .new_photos import NewPhotos
from .photo_files import printable, subfolders
from .photo_sources import FoundPhotos, name_within, photos_in, refuse_archive
from .split_record import warn_of_scored
from .views import PhotoViews

Source = str | os.PathLike[str]
_SHARED = (
    *("size", "batch_size", "crop_mode", "crop_fraction", "augment", "seed"),
    *("cache", "cache_gb", "num_workers", "max_pixels"),
)


class PhotoInput(PhotoViews):
    """What :class:`.ImageFolder` has for new photos."""

    file_column: str
    label_column: str
    label_separator: str | None
    images: str
    label_pattern: str | None
    csv_format: dict[str, Any]
    artifacts_dir: Path | None
    _found_format: CSVFormat | None

    def for_prediction(self, source: Source | Sequence[Source]) -> NewPhotos:
        """A data module of new photos with this one's options. The training photos are not read.

        Args:
            source: A photo, a folder of photos (searched recursively) or a zip file of one, or a CSV whose ``file_column``
                (or else the one column that does) names photos relative to it; or several of these.

        Raises:
            MisconfigurationException: ``source`` doesn't exist or holds no usable photo.
        """
        trained = self._found_format or kept_format(self.artifacts_dir)
        told = self.csv_format
        found = FoundPhotos()
        for each in each_input(source):
            found.extend(photos_in(Path(each), self.file_column, self.images, told, trained, self.cache))
        return NewPhotos(found, input_name(source), **self.view_options)

    def for_scoring(self, source: Source | Sequence[Source], classes: Sequence[str]) -> NewPhotos:
        """As :meth:`for_prediction`, with the photos' labels as ``targets``.

        Args:
            source: A folder of class folders (photos with labels in their names, where training's had them there), or a CSV with
                ``file_column`` and ``label_column``; or several of these.
            classes: The trained model's classes.

        Raises:
            MisconfigurationException: There are no labels, a label is none of ``classes``, or no photo can be used.
        """
        found, labels_of, unlabelled = FoundPhotos(), [], []
        for each in map(Path, each_input(source)):
            place = without_zip(each, self.cache)
            if place != each and place.is_dir() and not subfolders(place):
                place = place.parent  # of a zip file with a single class
            photos = self._labelled(place)
            for path, labels in zip(photos.paths, photos.labels, strict=True):
                strange = [name for name in labels if name not in classes]
                if strange:
                    raise MisconfigurationException(
                        f"{name_within(path, each, place)}: its label {quoted(strange[0])} is none of the run's classes "
                        f"({listed(classes, 8)}); correct it, or leave these photos out."
                    )
            found.add(photos.paths, each, place)
            labels_of += photos.labels
            unlabelled += [(name_within(path, each, place), NO_LABEL) for path in photos.unlabelled]
        new = NewPhotos(found, input_name(source), **self.view_options)
        new.rejected += unlabelled
        warn_of_scored(new.sha256, self.artifacts_dir)
        new.targets = encode_targets([labels_of[i] for i in new.usable], classes, self.label_separator is not None)
        return new

    def _labelled(self, source: Path) -> Photos:
        """Photos and labels of a folder or a table."""
        if source.is_file() and is_text_table(source):
            folder = source.parent / self.images
            return read_csv(
                source,
                folder if folder.is_dir() else source.parent,
                self.file_column,
                self.label_column,
                None,
                self.label_separator,
                self.csv_format,
            )
        wanted = f"a folder with one folder per class, or a CSV with columns {self.file_column} and {self.label_column}"
        if not source.exists():
            raise MisconfigurationException(f"{printable(source)}: no such file or folder; give {wanted}.")
        refuse_archive(source)
        if self.label_pattern is not None:
            found = read_by_pattern(source, self.label_pattern, self.label_separator)
        elif self.label_separator is not None or source.is_file():
            raise MisconfigurationException(f"{printable(source)}: has no labels to score by; give {wanted}.")
        else:
            found = read_class_folders(source)
        if len(splits := {*found.splits}) > 1:
            first = sorted(splits - {"train"})[0]
            raise MisconfigurationException(
                f"{printable(source)}: holds splits; a score is that of one of them: give its folder, such as the one of {first}."
            )
        return found

    @property
    def view_options(self) -> dict[str, Any]:
        """The options that this data module shares with :class:`.NewPhotos`."""
        kept = {} if self.datasets else parse_ranges(read_record(self.artifacts_dir).get("grey_range"), INPUT_FILE)
        return {**{name: getattr(self, name) for name in _SHARED}, "grey_range": {**kept, **self.grey_ranges} or None}
