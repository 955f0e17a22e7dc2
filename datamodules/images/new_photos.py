"""New, unlabelled photos to predict."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torchdata.stateful_dataloader import StatefulDataLoader

from .dataset import PhotoDataset
from .deep_grey import shown
from .photo_files import printable
from .photo_sources import FoundPhotos
from .views import PhotoViews

log = logging.getLogger(__name__)


class NewPhotos(PhotoViews):
    """Photos to predict, in the order given; those that can't be used are listed in ``rejected``.

    Usually made by :meth:`.ImageFolder.for_prediction`, which passes the training's options on. Test-time augmentation takes
    its views from ``views_dataloader("predict", n)``.

    Args:
        paths: The files, or what :func:`.photos_in` found. They are read at once.
        name: What they are called in an error message; default: the first file.
        options: Those of :class:`.PhotoViews`; for a trained model ``size``, ``crop_mode`` and ``crop_fraction`` as in training.

    Attributes:
        usable: Which of the files can be used, by their place.
        sha256: Digests of those.
        targets: Their labels in the order of the predictions, where they are to be scored; else ``None``.

    Raises:
        MisconfigurationException: None of the files can be used.
    """

    targets: Tensor | None = None

    def __init__(self, paths: Sequence[Path] | FoundPhotos, name: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        if isinstance(paths, FoundPhotos):
            found = paths
        else:
            found = FoundPhotos()
            found.add(paths)
        paths = found.paths
        index = self.index(paths)
        reasons = index.reason.tolist()
        self.usable = usable = [i for i, reason in enumerate(reasons) if not reason]
        self.rejected: list[tuple[str, str]] = [(name, r) for name, r in zip(found.names, reasons, strict=True) if r]
        self.rejected += found.rejected
        self._rows, self._names = [found.rows[i] for i in usable], [found.names[i] for i in usable]
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
        self.sha256: list[str] = index.sha256[usable].tolist()
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
        """Columns that stand beside the predictions: those of the table that names the photos, as they were; and ``file``.

        ``file`` is the table's own where it has a column of that name, else each photo's path.
        """
        names = dict.fromkeys(key for row in self._rows for key in row)
        columns = {key: [row.get(key, "") for row in self._rows] for key in names}
        if not all("file" in row for row in self._rows):
            columns["file"] = self._names
        return columns

    def row_names(self, split: str) -> list[str]:
        """What results call the photos, in their order."""
        return list(self._names)
