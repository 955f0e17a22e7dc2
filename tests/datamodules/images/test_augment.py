"""Augmented views: parameters within their bounds, the same on the device, a function of seed, epoch and photo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from practicum.datamodules import Augment, ImageFolder, RandAugment
from practicum.datamodules.images.geometry import resample, view_matrix
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

Ready = Callable[..., ImageFolder]


def smooth(side: int, count: int = 1) -> Tensor:
    """Photos without fine detail, floating point in 0..255, unlike in each direction and channel."""
    steps = torch.linspace(0, 3, side)
    photo = torch.stack(
        [
            torch.sin(steps)[None] + steps[:, None] / 3,
            torch.cos(steps)[:, None] * steps,
            steps[None] ** 2 / 9 + 0 * steps[:, None],
        ]
    )
    return ((photo - photo.min()) / (photo.max() - photo.min()) * 255)[None].repeat(count, 1, 1, 1)


@pytest.mark.parametrize("dihedral", [False, True])
def test_cut_out_and_resampled_views_agree(dihedral: bool) -> None:
    """Without turn and zoom nothing is resampled; with a zoom of nothing the matrix must give the same."""
    rng = np.random.default_rng(3)
    cut = Augment(hflip=0.5, dihedral=dihedral, rotate=0, zoom=1, brightness=0, contrast=0)
    photo = smooth(48)[0].round().to(torch.uint8)
    for _ in range(8):
        top, left, params = cut.sample(rng, 48, 48, 32, 48)
        window = photo[None, :, top : top + 32, left : left + 32]
        mine = cut(window, torch.tensor([params]), 32)
        matrix = torch.tensor([view_matrix(1.0, symmetry=int(params[9]))], dtype=torch.float64).reshape(1, 3, 3)
        turned = resample(window.float(), matrix, 32).round()
        assert (mine.float() - turned).abs().max() <= 1


def test_draws_keep_to_their_bounds() -> None:
    augment = Augment(hflip=0.5, rotate=10, zoom=1.1, brightness=0.1, contrast=0.05)
    rng = np.random.default_rng(0)
    draws = [augment.sample(rng, 300, 400, 256, 293) for _ in range(2000)]
    changes = torch.tensor([draw.params for draw in draws], dtype=torch.float64)
    tops, lefts = torch.tensor([draw.top for draw in draws]), torch.tensor([draw.left for draw in draws])
    assert (int(tops.min()), int(tops.max())) == (0, 7)
    assert (int(lefts.min()), int(lefts.max())) == (0, 107)
    matrices = changes[:, :9].reshape(-1, 3, 3)
    share = torch.linalg.det(matrices).abs().sqrt()
    assert 256 / 293 / 1.1 <= float(share.min()) < float(share.max()) <= 256 / 293
    degrees = torch.rad2deg(torch.atan2(matrices[:, 0, 1], matrices[:, 1, 1]))
    assert 9.5 < float(degrees.abs().max()) <= 10
    assert float((degrees == 0).double().mean()) == pytest.approx(0.25, abs=0.04)  # p = .75
    assert float((changes[:, 9] == 1).double().mean()) == pytest.approx(0.5, abs=0.05)
    assert float(changes[:, 10].min()) >= 0.95
    assert float(changes[:, 10].max()) <= 1.05
    assert 0.9 <= float(changes[:, 11].min()) < 0.92


@pytest.mark.parametrize("mixed", [{}, {"mixup": 0.4}, {"mixup": 0.4, "cutmix": 1.0}])
def test_device_makes_the_same_views(ready: Ready, photos: Path, mixed: dict[str, float]) -> None:
    options = {"hflip": 0.5, "warp": 0.2, "rotate": 30}
    here = ready(photos, augment=Augment(**options), **mixed)
    there = ready(photos, augment=Augment(**options, device="device"), **mixed)
    for (x, y), raw in zip(here.train_dataloader(), there.train_dataloader(), strict=True):
        made = there.on_after_batch_transfer(raw, 0)
        assert torch.equal(made[0], x)
        assert torch.equal(made[1], y)


@pytest.mark.parametrize("augment", [Augment(hflip=0.5), RandAugment()])
def test_views_differ_by_epoch_and_photo_and_leave_torchs_generator_alone(
    ready: Ready, photos: Path, augment: Augment | RandAugment
) -> None:
    dataset = ready(photos, augment=augment).train_dataloader().dataset
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    one = dataset[(0, 3)][0]
    assert torch.equal(torch.rand(3), wanted)
    assert one.shape == (3, 32, 32)
    assert torch.equal(dataset[(0, 3)][0], one)
    assert torch.equal(dataset.__getitems__([(0, 5), (0, 3)])[0][1], one)  # whoever else is in the batch
    assert not torch.equal(dataset[(1, 3)][0], one)
    assert not torch.equal(dataset[(0, 4)][0], one)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"hflip": 1.5}, "Augment: hflip=1.5"),
        ({"zoom": 0.5}, "Augment: zoom=0.5"),
        ({"rotate": -1}, "Augment: rotate=-1"),
        ({"warp": 0.6}, "Augment: warp=0.6"),
        ({"brightness": 1.0}, "Augment: brightness=1.0"),
        ({"device": "gpu"}, "Augment: device=gpu"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, float], named: str) -> None:
    with pytest.raises(MisconfigurationException, match=named):
        Augment(**options)  # type: ignore[arg-type]
