"""Loaders of photos: order, position, augmented views, options out of range."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from practicum.datamodules import Augment, ImageFolder
from practicum.datamodules.images.deep_grey import GreyRange
from practicum.lightning_shim import MisconfigurationException
from torchvision.transforms import v2

Ready = Callable[..., ImageFolder]


def order(data: ImageFolder, epoch: int) -> list[int]:
    loader = data.train_dataloader()
    loader.sampler.set_epoch(epoch)  # as Lightning does
    return [int(index) for _, index in loader.sampler]


def test_order_is_seeded_differs_by_epoch_and_covers_everything(ready: Ready, photos: Path) -> None:
    data, other = ready(photos, seed=5), ready(photos, seed=6)
    assert order(data, 0) == order(ready(photos, seed=5), 0)
    assert order(data, 0) != order(data, 1)
    assert order(data, 0) != order(other, 0)
    assert sorted(order(data, 3)) == list(range(24))


def test_position_in_the_data_is_taken_up_again(ready: Ready, photos: Path) -> None:
    data = ready(photos, augment=Augment())
    loader = data.train_dataloader()
    batches = iter(loader)
    for _ in range(2):
        next(batches)
    state = loader.state_dict()
    expected = [batch[0] for batch in batches]
    again = ready(photos, augment=Augment()).train_dataloader()
    again.load_state_dict(state)
    rest = [batch[0] for batch in again]
    assert len(rest) == len(expected) == 4
    assert all(torch.equal(a, b) for a, b in zip(rest, expected, strict=True))


def test_an_epoch_after_a_resume_at_its_end_has_all_its_batches(ready: Ready, photos: Path) -> None:
    """A checkpoint written at validation holds the position after the last batch; the next epoch must not skip so many."""
    loader = ready(photos).train_dataloader()
    for _ in loader:
        pass
    state = loader.state_dict()
    sampler_state = {"epoch": 0, "done": 24}
    again = ready(photos).train_dataloader()
    again.load_state_dict(state)
    again.sampler.load_state_dict(sampler_state)
    iter(again)  # Lightning makes one for the epoch that has ended, and takes nothing from it
    again.sampler.set_epoch(1)
    assert len(list(again.sampler)) == 24


def test_views_are_those_of_the_first_epochs(ready: Ready, photos: Path) -> None:
    data = ready(photos, augment=Augment(hflip=0.5))
    dataset = data.train_dataloader().dataset
    x, y = next(iter(data.views_dataloader("train", 2)))
    assert len(x) == 8  # four photos, each in two views
    assert torch.equal(x, dataset.__getitems__([(view, row) for row in range(4) for view in (0, 1)])[0])
    assert torch.equal(y[::2], y[1::2])
    plain = next(iter(data.views_dataloader("valid", 0)))[0]
    assert torch.equal(plain, next(iter(data.val_dataloader()))[0])


def test_example_views_are_of_the_photo_with_the_most_contrast_and_begin_with_it_plain(ready: Ready, photos: Path) -> None:
    assert ready(photos).example_views(3) is None
    data = ready(photos, augment=Augment(hflip=0.5))
    dataset = data.train_dataloader().dataset
    views = data.example_views(2)
    assert views is not None
    contrast = [float(data.training_set.photo(number).std()) for number in range(len(dataset))]
    chosen = contrast.index(max(contrast))
    assert torch.equal(views[0], dataset.views(None, 0)[(0, chosen)][0])
    assert torch.equal(views[1:], torch.stack([dataset[(epoch, chosen)][0] for epoch in (0, 1)]))


def test_fingerprints_tell_batches_apart(ready: Ready, photos: Path) -> None:
    data = ready(photos, augment=Augment(hflip=0.5))
    others = [ready(photos, augment=Augment()), ready(photos, augment=Augment(hflip=0.5), seed=2)]
    views = {each.fingerprint("train", 2) for each in (data, *others)}
    assert len(views) == 3
    assert len({each.fingerprint("train", 0) for each in (data, *others)}) == 1  # plain photos are the same
    assert data.fingerprint("train", 2) == ready(photos, augment=Augment(hflip=0.5)).fingerprint("train", 2)


def test_views_need_an_augmentation_and_features_no_mixing(ready: Ready, photos: Path, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match="without augmentation all views of a photo are alike"):
        ready(photos).views_dataloader("train", 2)
    with pytest.raises(MisconfigurationException, match="mixup and cutmix need pixels"):
        ready(photos, mixup=0.4).use_features("train", tmp_path / "features.npy")


def test_what_makes_no_views_of_photos_is_refused(ready: Ready, photos: Path) -> None:
    with pytest.raises(MisconfigurationException, match="ImageFolder: augment is a Compose, which makes no views of photos"):
        ready(photos, augment=v2.Compose([v2.RandomHorizontalFlip()]))


def test_the_greys_are_a_part_of_the_fingerprint(ready: Ready, photos: Path) -> None:
    data = ready(photos)
    plain = data.fingerprint("train", 0)
    found = []
    for white in (4095, 16000):
        data.grey_ranges = {"integer": GreyRange(0, white)}
        found.append(data.fingerprint("train", 0))
    assert len({plain, *found}) == 3
