"""A training batch as a figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from practicum.datamodules import Augment, ImageFolder
from practicum.lightning_shim import MisconfigurationException


@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_photos_have_their_labels_above_them(photos: Path, tmp_path: Path, mixup: float) -> None:
    data = ImageFolder(photos, size=32, batch_size=8, mixup=mixup, cache=tmp_path / "cache")
    for early in (data.show_batch, data.describe, data.suggested_epochs):
        with pytest.raises(MisconfigurationException, match=r"ImageFolder: nothing is read yet; call prepare_data"):
            early()
    data.prepare_data()
    data.setup()
    figure = data.show_batch(6)
    assert len(figure.axes) == 6
    for axes in figure.axes:
        shown = torch.as_tensor(axes.images[0].get_array())
        redder = shown[..., 0].float().mean() > shown[..., 2].float().mean()
        assert axes.get_title().startswith("red" if redder else "blue")  # of a mixed photo the larger share
    assert figure._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"
    with pytest.raises(MisconfigurationException, match="count=0 must be at least 1"):
        data.show_batch(0)


def test_photos_are_shown_where_their_features_are_trained_on(photos: Path, tmp_path: Path) -> None:
    data = ImageFolder(photos, size=32, batch_size=8, augment=Augment(), cache=tmp_path / "cache")
    data.setup()
    (pixels, targets), first = data.example_batch(), next(iter(data.train_dataloader()))
    assert torch.equal(pixels, first[0])
    assert torch.equal(targets, first[1])
    for views in (1, 2):
        np.save(tmp_path / f"{views}.npy", np.zeros((views, 24, 5), np.float32))
        data.use_features("train", tmp_path / f"{views}.npy")
        assert next(iter(data.train_dataloader()))[0].shape == (8, 5)
        shown, labels = data.example_batch()
        assert torch.equal(labels, targets)
        assert torch.equal(shown, pixels) == (views == 2)  # one view is the plain photo
        assert len(data.show_batch(2).axes) == 2
