"""The linear baseline of photos: features of the backbone, stored or computed, within a limit of time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from practicum.cli.baselines.photos import photo_baselines
from practicum.datamodules import ImageFolder
from practicum.modules.objectives.classification import Classification
from practicum.modules.objectives.multi_label import MultiLabel
from torch import Tensor, nn


class MeanColour(nn.Module):
    """A backbone whose features are the mean colour."""

    photos = 0

    def features(self, x: Tensor) -> Tensor:
        assert not self.training
        MeanColour.photos += len(x)
        return x.float().mean((2, 3)) / 255


@pytest.fixture
def photos(tmp_path: Path, save_photo: Callable[[Path, str, int], Path]) -> Any:
    for split, count in (("train", 20), ("valid", 8)):
        for number, hue in enumerate(("blue", "red")):
            for i in range(count - 4 * number):
                save_photo(tmp_path / "photos" / split / hue / f"{i}.jpg", hue, 10_000 * (split == "valid") + 1000 * number + i)
    data = ImageFolder(tmp_path / "photos", size=32, cache=tmp_path / "cache")
    data.prepare_data()
    data.setup("fit")
    return data


def test_a_linear_model_on_features_beats_the_frequencies(photos: Any) -> None:
    found = photo_baselines(photos, Classification(photos.classes), MeanColour)
    assert found.metrics["prior"]["accuracy"] == pytest.approx(8 / 12)
    assert found.metrics["linear"]["accuracy"] == 1
    assert (list(found.advice), found.sampled) == (["linear"], "")


def test_random_weights_have_no_linear_baseline(photos: Any) -> None:
    assert set(photo_baselines(photos, Classification(photos.classes), None).metrics) == {"prior"}


def test_stored_features_are_used(photos: Any, tmp_path: Path) -> None:
    stored = {}
    for split in ("train", "valid"):
        stored[split] = tmp_path / f"{split}.npy"
        np.save(stored[split], photos.datasets[split].targets.numpy()[None, :, None].astype(np.float32))

    def never() -> Any:
        raise AssertionError("features are stored")

    assert photo_baselines(photos, Classification(photos.classes), never, stored).metrics["linear"]["accuracy"] == 1
    stored["train"].unlink()  # another run may have removed it
    assert "linear" in photo_baselines(photos, Classification(photos.classes), MeanColour, {"train": stored["train"]}).metrics


def test_time_bounds_the_photos_and_the_sample_is_said(tmp_path: Path, save_photo: Callable[[Path, str, int], Path]) -> None:
    for number in range(140):
        hue = ("blue", "red")[number % 2]
        save_photo(tmp_path / "photos" / hue / f"{number}.jpg", hue, number)
    data = ImageFolder(tmp_path / "photos", size=16, cache=tmp_path / "cache")
    data.prepare_data()
    data.setup("fit")
    MeanColour.photos = 0
    found = photo_baselines(data, Classification(data.classes), MeanColour, seconds=1e-9)
    train, tested = len(data.datasets["train"]), len(data.datasets["valid"])
    assert found.sampled == f"50 of {train} training photos (linear)"
    assert MeanColour.photos == 50 + tested + 2 * 16  # and two batches that are timed
    assert "linear" in found.metrics


def test_several_labels(photos: Any) -> None:
    for dataset in photos.datasets.values():
        dataset.targets = torch.stack([dataset.targets, 1 - dataset.targets, torch.ones_like(dataset.targets)], 1)
    found = photo_baselines(photos, MultiLabel(["red", "blue", "photo"]), MeanColour)
    assert found.metrics["linear"]["accuracy"] == 1
    assert found.metrics["prior"]["f2"] < found.metrics["linear"]["f2"] == 1
