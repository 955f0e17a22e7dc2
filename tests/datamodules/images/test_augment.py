"""Views of photos: one resampling, torchvision's own results, the same on the device, a function of seed, epoch and photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from practicum.datamodules import Augment, ImageFolder, RandAugment
from practicum.datamodules.images.augment import relight, resample, view_matrix
from practicum.datamodules.images.mixup_cutmix import Mix
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional


def ready(root: Path, tmp_path: Path, **options: Any) -> ImageFolder:
    data = ImageFolder(root, size=32, batch_size=4, cache=tmp_path / "cache", **options)
    data.prepare_data()
    data.setup("fit")
    return data


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


def view(photo: Tensor, matrix: list[float], size: int) -> Tensor:
    return resample(photo, torch.tensor([matrix], dtype=torch.float64).reshape(1, 3, 3), size)


def test_whole_window_is_itself() -> None:
    photo = smooth(40)
    assert torch.allclose(view(photo, view_matrix(1.0), 40), photo, atol=1e-3)


def test_symmetries_are_those_of_the_square() -> None:
    photo = smooth(24)
    seen = [view(photo, view_matrix(1.0, symmetry=number), 24) for number in range(8)]
    turns = [torch.rot90(flipped, k, (2, 3)) for flipped in (photo, photo.flip(3)) for k in range(4)]
    for each in turns:
        assert sum(torch.allclose(each, other, atol=1e-3) for other in seen) == 1
    assert torch.allclose(seen[1], photo.flip(3), atol=1e-3)
    assert torch.allclose(seen[4], photo.transpose(2, 3), atol=1e-3)


def test_turn_is_torchvisions() -> None:
    photo = smooth(64)
    mine = view(photo, view_matrix(0.5, degrees=10), 32)
    theirs = functional.center_crop(functional.rotate(photo, -10, InterpolationMode.BILINEAR), [32, 32])
    assert (mine - theirs).abs().max() < 0.1  # the middle: torchvision fills the corners with black


def test_crop_lies_where_it_was_drawn() -> None:
    photo = smooth(64)
    share = 32 / 64
    center = ((10 + 16) / 32 - 1, (20 + 16) / 32 - 1)  # of the square from column 10, row 20
    assert torch.allclose(view(photo, view_matrix(share, center), 32), photo[..., 20:52, 10:42], atol=1e-2)


def test_warp_makes_opposite_sides_unequal() -> None:
    place = (
        np.array(view_matrix(1.0, warp=(0.2, 0.0))).reshape(3, 3) @ np.array([[-1, -1, 1], [-1, 1, 1], [1, -1, 1], [1, 1, 1]]).T
    )
    x, y = place[:2] / place[2]
    assert (y[1] - y[0]) / (y[3] - y[2]) == pytest.approx(1.2 / 0.8)
    assert x[0] == x[1] == pytest.approx(-1.25)


def test_beyond_the_border_lies_the_reflection() -> None:
    photo = smooth(16)
    wide = view(photo, view_matrix(2.0), 32)  # twice as far as the photo goes
    assert torch.allclose(wide[..., 8:24, 8:24], photo, atol=1e-3)
    assert torch.allclose(wide[..., 8:24, :8], photo[..., :8].flip(3), atol=1e-3)


def test_light_is_torchvisions() -> None:
    photo = smooth(20) / 2 + 40
    mine = relight(photo, torch.tensor([1.2]), torch.tensor([0.8]))
    theirs = functional.adjust_brightness(functional.adjust_contrast(photo / 255, 1.2), 0.8) * 255
    assert torch.allclose(mine, theirs, atol=0.02)


@pytest.mark.parametrize("dihedral", [False, True])
def test_cut_out_and_resampled_views_agree(dihedral: bool) -> None:
    """Without turn and zoom nothing is resampled; with a zoom of nothing the matrix must give the same."""
    rng = np.random.default_rng(3)
    cut = Augment(mirror=0.5, dihedral=dihedral, rotate=0, zoom=1, brightness=0, contrast=0)
    photo = smooth(48)[0].round().to(torch.uint8)
    for _ in range(8):
        top, left, change = cut.draw(rng, 48, 48, 32, 48)
        window = photo[None, :, top : top + 32, left : left + 32]
        mine = cut(window, torch.tensor([change]), 32)
        turned = view(window.float(), view_matrix(1.0, symmetry=int(change[9])), 32).round()
        assert (mine.float() - turned).abs().max() <= 1


def test_draws_keep_to_their_bounds() -> None:
    augment = Augment(mirror=0.5, rotate=10, zoom=1.1, brightness=0.1, contrast=0.05)
    rng = np.random.default_rng(0)
    draws = [augment.draw(rng, 300, 400, 256, 293) for _ in range(2000)]
    changes = torch.tensor([draw.change for draw in draws], dtype=torch.float64)
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
def test_device_makes_the_same_views(photos: Path, tmp_path: Path, mixed: dict[str, float]) -> None:
    options = {"mirror": 0.5, "warp": 0.2, "rotate": 30}
    here = ready(photos, tmp_path, augment=Augment(**options), **mixed)
    there = ready(photos, tmp_path, augment=Augment(**options, on="device"), **mixed)
    for (x, y), raw in zip(here.train_dataloader(), there.train_dataloader(), strict=True):
        made = there.on_after_batch_transfer(raw, 0)
        assert torch.equal(made[0], x)
        assert torch.equal(made[1], y)


@pytest.mark.parametrize("augment", [Augment(mirror=0.5), RandAugment()])
def test_views_differ_by_epoch_and_photo_and_leave_torchs_generator_alone(
    photos: Path, tmp_path: Path, augment: Augment | RandAugment
) -> None:
    dataset = ready(photos, tmp_path, augment=augment).train_dataloader().dataset
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


def test_rand_augment_is_torchvisions() -> None:
    photo = smooth(32)[0].round().to(torch.uint8)
    mine = RandAugment(ops=3, magnitude=20)(photo[None], torch.tensor([[1.0, 1234.0]], dtype=torch.float64), 32)[0]
    torch.manual_seed(1234)
    assert torch.equal(mine, v2.RandAugment(3, 20, interpolation=InterpolationMode.BILINEAR)(photo.flip(2)))


def test_mixed_labels_are_the_shares_of_what_is_seen() -> None:
    x = torch.stack([torch.full((3, 16, 16), value, dtype=torch.uint8) for value in (0, 200)])
    y = torch.tensor([0, 1])
    for seed in range(10):
        blended, shares = Mix(0.4, 0.0, 2)(x, y, seed)
        assert torch.allclose(blended[0].float().mean() / 200, shares[0, 1], atol=0.01)
        pasted, shares = Mix(0.0, 1.0, 2)(x, y, seed)
        assert set(pasted.unique().tolist()) <= {0, 200}
        assert torch.allclose(pasted[0].float().mean() / 200, shares[0, 1], atol=0.01)
    assert torch.allclose(shares.sum(1), torch.ones(2))
    several = Mix(0.4, 0.0, 2)(x, torch.tensor([[1, 1], [0, 1]]), 0)[1]
    assert several[:, 1].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"mirror": 1.5}, "augment.mirror=1.5"),
        ({"zoom": 0.5}, "augment.zoom=0.5"),
        ({"rotate": -1}, "augment.rotate=-1"),
        ({"warp": 0.6}, "augment.warp=0.6"),
        ({"brightness": 1.0}, "augment.brightness=1.0"),
        ({"on": "gpu"}, "augment.on=gpu"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, float], named: str) -> None:
    with pytest.raises(MisconfigurationException, match=named):
        Augment(**options)  # type: ignore[arg-type]


def test_what_makes_no_views_of_photos_is_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match="data.augment is a Compose, which makes no views of photos; choose"):
        ready(photos, tmp_path, augment=v2.Compose([v2.RandomHorizontalFlip()]))


def test_mix_below_zero_is_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match="data.mixup=-1"):
        ready(photos, tmp_path, mixup=-1.0)
    with pytest.raises(MisconfigurationException, match="augment.magnitude=31"):
        RandAugment(magnitude=31)
