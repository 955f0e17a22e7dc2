"""RandAugment: torchvision's own operations, as a function of a seed."""

from __future__ import annotations

import pytest
import torch
from practicum.datamodules import RandAugment
from practicum.lightning_shim import MisconfigurationException
from torchvision.transforms import InterpolationMode, v2


def test_rand_augment_is_torchvisions() -> None:
    photo = torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8)
    mine = RandAugment(ops=3, magnitude=20)(photo[None], torch.tensor([[1.0, 1234.0]], dtype=torch.float64), 32)[0]
    torch.manual_seed(1234)
    assert torch.equal(mine, v2.RandAugment(3, 20, interpolation=InterpolationMode.BILINEAR)(photo.flip(2)))


@pytest.mark.parametrize("option", ["ops=0", "magnitude=31", "hflip=2"])
def test_options_out_of_range_are_refused(option: str) -> None:
    key, _, value = option.partition("=")
    with pytest.raises(MisconfigurationException, match=f"RandAugment: {option} must be"):
        RandAugment(**{key: int(value)})
