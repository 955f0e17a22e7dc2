"""ImageFolder: facts for the model, provenance, and options out of range."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from practicum.datamodules import ImageFolder
from practicum.lightning_shim import MisconfigurationException

Ready = Callable[..., ImageFolder]


def test_class_folders_become_splits_and_facts_for_the_model(ready: Ready, photos: Path) -> None:
    data = ready(photos)
    assert data.describe() == {"classes": ["blue", "red"], "class_counts": [12, 12], "multi_label": False, "image_size": 32}
    assert len(data.row_names("valid")) == 11
    assert data.tests_on == "valid"
    assert data.provenance["train"] == 24
    assert len(data.provenance["sha256"]) == 64


def test_few_photos_are_trained_for_more_epochs(ready: Ready, photos: Path) -> None:
    assert ready(photos, batch_size=8).suggested_epochs() == 34  # three batches: a hundred steps
    assert ready(photos, batch_size=1).suggested_epochs() == 10


@pytest.mark.parametrize(
    "option",
    ["size=2", "batch_size=0", "crop_fraction=1.5", "valid_fraction=0.0", "cache_gb=-1.0", "max_pixels=0", "mixup=-1.0"],
)
def test_options_out_of_range_are_named(option: str) -> None:
    key, _, value = option.partition("=")
    with pytest.raises(MisconfigurationException, match=f"ImageFolder: {key}={value} must be "):
        ImageFolder("photos", **{key: float(value) if "." in value else int(value)})  # type: ignore[arg-type]


def test_a_wrong_word_is_told_with_the_right_ones() -> None:
    with pytest.raises(MisconfigurationException, match=r"ImageFolder: crop_mode=pad must be center, squash or border\."):
        ImageFolder("photos", crop_mode="pad")  # type: ignore[arg-type]


def test_the_whole_photo_is_shown_unless_a_share_is_told() -> None:
    assert [ImageFolder("photos", crop_mode=mode).crop_fraction for mode in ("center", "squash", "border")] == [0.875, 1.0, 1.0]
    assert ImageFolder("photos", crop_mode="border", crop_fraction=0.5, size=32).short_side == 64


def test_defaults_are_those_of_the_configuration() -> None:
    data = ImageFolder("photos")
    assert (data.size, data.batch_size, data.crop_fraction, data.seed) == (256, 16, 0.875, 1)
