"""One homography and one resampling per view, and light: torchvision's own results, symmetries, reflection."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from practicum.datamodules.images.geometry import relight, resample, view_matrix
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional


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
