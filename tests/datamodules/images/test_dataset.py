"""Batches of photos: bytes in channels_last order, views as a function of seed, epoch and photo, features instead of pixels."""

from __future__ import annotations

import itertools
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from practicum.datamodules import Augment, ImageFolder

Ready = Callable[..., ImageFolder]


@pytest.mark.parametrize("cache_gb", [4.0, 0.0, 1e-6])
def test_batches_are_bytes_in_channels_last_with_the_right_targets(ready: Ready, photos: Path, cache_gb: float) -> None:
    data = ready(photos, cache_gb=cache_gb, num_workers=0)
    seen = 0
    for x, y in data.val_dataloader():
        assert x.dtype == torch.uint8
        assert x.shape[1:] == (3, 32, 32)
        assert x.is_contiguous(memory_format=torch.channels_last)
        redder = x[:, 0].float().mean((1, 2)) > x[:, 2].float().mean((1, 2))
        assert torch.equal(redder.long(), y)  # red is class 1
        seen += len(x)
    assert seen == 11


def test_augmentation_depends_on_seed_epoch_and_photo_alone(ready: Ready, photos: Path) -> None:
    data = ready(photos, augment=Augment(), crop_fraction=0.5)
    dataset = data.train_dataloader().dataset
    one = dataset[(0, 3)][0]
    dataset[(0, 7)]
    assert torch.equal(dataset[(0, 3)][0], one)
    assert not torch.equal(dataset[(1, 3)][0], one)
    again = ready(photos, augment=Augment(), crop_fraction=0.5, num_workers=2, cache_gb=0)
    loader = again.train_dataloader()
    batch, _ = next(iter(loader))
    first = [int(i) for _, i in itertools.islice(loader.sampler, 4)]
    assert torch.equal(batch, torch.stack([dataset[(0, i)][0] for i in first]))


def test_features_take_the_place_of_pixels(ready: Ready, photos: Path, tmp_path: Path) -> None:
    dataset = ready(photos).train_dataloader().dataset
    features = np.random.default_rng(0).random((2, len(dataset), 5), dtype=np.float32)
    np.save(tmp_path / "features.npy", features)
    dataset.use_features(tmp_path / "features.npy")
    x, y = dataset.__getitems__([(0, 3), (3, 4)])
    assert np.array_equal(x.numpy(), features[[0, 1], [3, 4]])  # epoch 3 gives view 1 of two
    assert torch.equal(y, dataset.targets[[3, 4]])
    dataset.use_features(None)
    assert dataset[(0, 3)][0].shape == (3, 32, 32)


def test_pixels_that_another_run_evicts_are_read_on(ready: Ready, photos: Path) -> None:
    dataset = ready(photos, num_workers=0).train_dataloader().dataset
    before = dataset[(0, 3)][0]
    worker = pickle.loads(pickle.dumps(dataset))  # as one that is spawned gets it
    dataset.store[0].unlink()
    views = dataset.views(None, 1)
    for each in (dataset, views, worker):
        assert torch.equal(each[(0, 3)][0], before)
