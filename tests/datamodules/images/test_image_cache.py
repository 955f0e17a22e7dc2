"""The cache of decoded photos: read once, bounded, renewed when photos change, safe after a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.datamodules import ImageFolder
from practicum.lightning_shim import MisconfigurationException

Ready = Callable[..., ImageFolder]
SavePhoto = Callable[[Path, str, int], Path]


def test_cached_and_fresh_pixels_are_the_same_and_a_second_start_decodes_nothing(
    ready: Ready, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = next(iter(ready(photos).val_dataloader()))[0]
    fresh = next(iter(ready(photos, cache_gb=0, num_workers=0).val_dataloader()))[0]
    assert torch.equal(cached, fresh)

    def never(*args: Any) -> None:
        raise AssertionError("decoded twice")

    monkeypatch.setattr("practicum.datamodules.images.image_cache.decode_photo", never)
    assert torch.equal(next(iter(ready(photos).val_dataloader()))[0], cached)


def test_cache_is_bounded_and_half_written_entries_are_not_used(ready: Ready, photos: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / ".unfinished-abc").mkdir(parents=True)
    for size in (24, 28, 32):
        ready(photos, size=size, cache_gb=3e-4)
    kept = sum(file.stat().st_size for file in cache.glob("photos-*/*"))
    assert kept <= 3e5
    assert len(list(cache.glob("photos-*"))) < 3


def test_changed_photos_are_read_anew(ready: Ready, photos: Path, save_photo: SavePhoto) -> None:
    before = ready(photos).provenance["sha256"]
    save_photo(photos / "train" / "red" / "0.jpg", "red", 999)
    assert ready(photos).provenance["sha256"] != before


def test_a_larger_bound_keeps_pixels_that_a_smaller_one_did_not(ready: Ready, photos: Path) -> None:
    assert ready(photos, cache_gb=1e-6).val_dataloader().dataset.store is None
    assert ready(photos, cache_gb=1.0).val_dataloader().dataset.store is not None
    assert ready(photos, cache_gb=1e-6).val_dataloader().dataset.store is None


def test_a_photo_that_could_not_be_opened_is_tried_again(ready: Ready, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*args: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("practicum.datamodules.images.image_cache.decode_photo", locked)
    with pytest.raises(MisconfigurationException, match="no photo can be used"):
        ready(photos)
    monkeypatch.undo()
    assert len(ready(photos).row_names("train")) == 24
