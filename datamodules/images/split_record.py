"""A record of which photos a run learnt from: ``splits.csv``, by which later ones tell photos that its weights have seen."""

from __future__ import annotations

import csv
import logging
from collections.abc import Sequence
from pathlib import Path

from practicum.lightning_shim import MisconfigurationException

from ..files.csv_files import open_table, write_csv
from .layouts import Photos
from .photo_files import printable
from .split_names import SPLITS

log = logging.getLogger(__name__)

FILE = "splits.csv"
_COLUMNS = ("file", "split", "sha256")


def write_splits(folder: Path | None, photos: Photos, sha256: Sequence[str]) -> None:
    """Write the split of each photo, with the digest of its bytes; ``None``: nowhere."""
    if folder is not None:
        write_csv(folder / FILE, _COLUMNS, [*zip(map(printable, photos.paths), photos.splits, sha256, strict=True)])


def trained_on(folder: Path | None) -> frozenset[str]:
    """Digests of the photos that a run was trained on; none where its folder has no record.

    Raises:
        MisconfigurationException: The record is damaged.
    """
    if folder is None or not (folder / FILE).is_file():
        return frozenset()
    with open_table(folder / FILE) as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != _COLUMNS:
            raise MisconfigurationException(
                f"{folder / FILE}: has no columns {', '.join(_COLUMNS)}; restore it from a copy of the run, or remove it."
            )
        return frozenset(row["sha256"] for row in reader if row["split"] == "train")


def warn_of_scored(sha256: Sequence[str], folder: Path | None) -> None:
    """Warn if photos that are scored are ones that the run was trained on."""
    trained = trained_on(folder)
    if count := sum(each in trained for each in sha256):
        log.warning(
            f"Of {len(sha256):,} photos that are scored this run was trained on {count:,}, so that the score is better than "
            "it would be on new ones; score photos that it has not seen."
        )


def seen_before(splits: Sequence[str], sha256: Sequence[str], run: Path) -> dict[str, int]:
    """How many held-out photos the run that weights are from was trained on, by split; a warning says so.

    Args:
        splits: Of all photos.
        sha256: Their digests.
        run: The earlier run's folder, or one of its checkpoints.
    """
    trained = trained_on(run.parent.parent if run.parent.name == "checkpoints" else run)
    found = {
        split: count
        for split in SPLITS[1:]
        if (count := sum(own == split and each in trained for own, each in zip(splits, sha256, strict=True)))
    }
    if found:
        counts = " and ".join(f"{count:,} photos that are in {split} here" for split, count in found.items())
        log.warning(
            f"{run}, whose weights are taken, was trained on {counts}: their results are too good. The seed and the photos of "
            "that run give its splits; or keep validation in a folder or column of its own."
        )
    return found
