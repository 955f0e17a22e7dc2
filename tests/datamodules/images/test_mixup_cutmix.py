"""MixUp and CutMix: targets are the proportions of what is seen."""

from __future__ import annotations

import pytest
import torch
from practicum.datamodules.images.mixup_cutmix import MixUpCutMix
from practicum.lightning_shim import MisconfigurationException


def test_mixed_labels_are_the_shares_of_what_is_seen() -> None:
    x = torch.stack([torch.full((3, 16, 16), value, dtype=torch.uint8) for value in (0, 200)])
    y = torch.tensor([0, 1])
    for seed in range(10):
        blended, shares = MixUpCutMix(0.4, 0.0, 2)(x, y, seed)
        assert torch.allclose(blended[0].float().mean() / 200, shares[0, 1], atol=0.01)
        pasted, shares = MixUpCutMix(0.0, 1.0, 2)(x, y, seed)
        assert set(pasted.unique().tolist()) <= {0, 200}
        assert torch.allclose(pasted[0].float().mean() / 200, shares[0, 1], atol=0.01)
    assert torch.allclose(shares.sum(1), torch.ones(2))
    several = MixUpCutMix(0.4, 0.0, 2)(x, torch.tensor([[1, 1], [0, 1]]), 0)[1]
    assert several[:, 1].tolist() == [1, 1]


def test_alphas_below_zero_are_refused() -> None:
    with pytest.raises(MisconfigurationException, match="MixUpCutMix: mixup=-1"):
        MixUpCutMix(mixup=-1.0, cutmix=0.0, classes=2)
    assert not MixUpCutMix(mixup=0.0, cutmix=0.0, classes=2)
