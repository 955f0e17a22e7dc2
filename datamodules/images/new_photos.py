"""New, unlabelled photos to predict."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.csv_format import CSVFormat, detect_format
from ..files.csv_reader import is_text_table, read_rows
from ..files.quoting import listed, quoted
from .dataset import PhotoDataset
from .deep_grey import shown
from .layouts import existing_photo
from .photo_files import files_below, printable
from .views import PhotoViews

log = logging.getLogger(__name__)


class NewPhotos(PhotoViews):
    """Photos to predict, in the order given; those that can't be used are listed in ``rejected``.

    Usually made by :meth:`.ImageFolder.for_prediction`, which passes the training's options on. Test-time augmentation takes
    its views from ``views_dataloader("predict", n)``.

    Args:
        paths: The files. They are read at once.
        name: What they are called in an error message; default: the first file.
        options: Those of :class:`.PhotoViews`; for a trained model ``size``, ``crop_mode`` and ``crop_fraction`` as in training.

    Attributes:
        targets: Their labels in the order of the predictions, where they are to be scored; else ``None``.

    Raises:
        MisconfigurationException: None of the files can be used.
    """

    targets: Tensor | None = None

    def __init__(self, paths: Sequence[Path], name: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        paths = list(paths)
        index = self.index(paths)
        reasons = index.reason.tolist()
        usable = [i for i, reason in enumerate(reasons) if not reason]
        self.rejected: list[tuple[str, str]] = [(printable(path), r) for path, r in zip(paths, reasons, strict=True) if r]
        if not usable:
            place = printable(name or (paths[0] if paths else "no files"))
            reason = f" ({self.rejected[0][1]})" if self.rejected else ""
            raise MisconfigurationException(f"{place}: holds no photo that can be read{reason}.")
        guessed = {kind: each for kind, each in index.grey_ranges.items() if kind not in self.grey_ranges}
        if guessed:
            log.warning(
                f"{index.deep.sum():,} new photos are grey with more than 8 bits, and training saw none such: {shown(guessed)}, "
                "found in the new photos, is shown as black to white."
            )
        colours = index.thumbnail[usable]
        if self.grey_ranges and not index.deep.any() and (colours == colours[..., :1]).all():
            log.warning(
                f"The model shows {shown(self.grey_ranges)} of grey photos with more than 8 bits as black to white. The "
                f"{len(usable):,} new photos are grey, too, but of 8 bits: they are shown as they are, perhaps lighter or darker."
            )
        self.datasets["predict"] = PhotoDataset(
            [paths[i] for i in usable],
            torch.full((len(usable),), -1),
            self.size,
            self.short_side,
            store=index.store(usable),
            max_pixels=self.max_pixels,
            grey_ranges=index.grey_ranges,
            crop_mode=self.crop_mode,
        )

    def predict_dataloader(self) -> StatefulDataLoader[Any]:
        """The plain photos, in their order; targets are -1."""
        return self.loader(self.datasets["predict"])

    def row_columns(self) -> dict[str, list[str]]:
        """Columns that stand beside the predictions: ``file``."""
        return {"file": self.row_names("predict")}


def photos_in(
    source: Path,
    file_column: str = "file",
    images: str = "",
    csv_format: Mapping[str, Any] | None = None,
    trained: CSVFormat | None = None,
) -> list[Path]:
    """Files that may be photos: a single one, all files below a folder, or those named in a CSV.

    Args:
        source: A file, a folder, or a table of text (CSV, TSV ...).
        file_column: The table's column of file names; its first where there is none of that name, if that names photos.
        images: Folder that the names are relative to, itself relative to the table's.
        csv_format: What is known of the table's format, see :func:`.detect_format`.
        trained: Format of the table of labels in training, if there was one.

    Raises:
        MisconfigurationException: ``source`` doesn't exist, or is a table that is empty, damaged, or has no column of file names.
    """
    if source.is_dir():
        return files_below(source)
    if not source.is_file():
        raise MisconfigurationException(f"{printable(source)}: no such file or folder.")
    if not is_text_table(source):
        return [source]
    columns, rows = read_rows(source, detect_format(source, trained, **(csv_format or {})))
    column = file_column if file_column in columns else columns[0]
    names = [row[column].strip() for _, row in rows if row[column].strip()]
    folders = (source.parent / images, source.parent)  # as in training, or beside the table
    found = [next((path for folder in folders if (path := existing_photo(folder, name))), None) for name in names]
    if column != file_column and len(columns) > 1 and not any(found):
        raise MisconfigurationException(
            f"{source}: has no column {quoted(file_column)} of file names, and its first one, {quoted(column)}, names no photo; "
            f"its columns are {listed(columns, 20)}."
        )
    return [path or source.parent / name for path, name in zip(found, names, strict=True)]
