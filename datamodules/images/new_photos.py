"""New, unlabelled photos to predict."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.csv_files import open_table
from .dataset import PhotoDataset
from .layouts import existing_photo
from .views import PhotoViews


class NewPhotos(PhotoViews):
    """Photos to predict, in the order given; those that can't be used are listed in ``rejected``.

    Usually made by :meth:`.ImageFolder.for_prediction`, which passes the training's options on. Test-time augmentation takes
    its views from ``views_dataloader("predict", n)``.

    Args:
        paths: The files. They are read at once.
        name: What they are called in an error message; default: the first file.
        options: Those of :class:`.PhotoViews`; for a trained model ``size`` and ``crop_fraction`` as in training.

    Raises:
        MisconfigurationException: None of the files can be used.
    """

    def __init__(self, paths: Sequence[Path], name: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        paths = list(paths)
        index = self.index(paths)
        reasons = index.reason.tolist()
        usable = [i for i, reason in enumerate(reasons) if not reason]
        self.rejected: list[tuple[str, str]] = [(str(path), r) for path, r in zip(paths, reasons, strict=True) if r]
        if not usable:
            place = name or (str(paths[0]) if paths else "no files")
            reason = f" ({self.rejected[0][1]})" if self.rejected else ""
            raise MisconfigurationException(f"{place}: holds no photo that can be read{reason}.")
        self.datasets["predict"] = PhotoDataset(
            [paths[i] for i in usable],
            torch.full((len(usable),), -1),
            self.size,
            self.short_side,
            store=index.store(usable),
            max_pixels=self.max_pixels,
        )

    def predict_dataloader(self) -> StatefulDataLoader[Any]:
        """The plain photos, in their order; targets are -1."""
        return self.loader(self.datasets["predict"])

    def row_columns(self) -> dict[str, list[str]]:
        """Columns that stand beside the predictions: ``file``."""
        return {"file": self.row_names("predict")}


def photos_in(source: Path, file_column: str = "file", images: str = "") -> list[Path]:
    """Files that may be photos: a single one, all files below a folder, or those named in a CSV.

    Args:
        source: A file, a folder or a CSV.
        file_column: The CSV's column of file names; default: its first.
        images: Folder that the names are relative to, itself relative to the CSV's.

    Raises:
        MisconfigurationException: ``source`` doesn't exist, or is an empty CSV.
    """
    if source.is_dir():
        return sorted(path for path in source.rglob("*") if path.is_file() and not path.name.startswith("."))
    if not source.is_file():
        raise MisconfigurationException(f"{source}: no such file or folder.")
    if source.suffix.lower() != ".csv":
        return [source]
    with open_table(source) as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or []
        column = file_column if file_column in columns else columns[0] if columns else None
        if column is None:
            raise MisconfigurationException(f"{source}: is empty; it must have a header and a row per photo.")
        names = [row[column] for row in reader if row[column]]
    folders = (source.parent / images, source.parent)  # as in training, or beside the table
    return [next((path for folder in folders if (path := existing_photo(folder, name))), source.parent / name) for name in names]
