"""Smooth clipping: the identity near zero, a bound far from it, and no change of order."""

from __future__ import annotations

import torch
from practicum.modules.layers.smooth_clip import smooth_clip


def test_small_numbers_stay_large_ones_are_bounded_and_none_change_order() -> None:
    x = torch.linspace(-50, 50, 2001, dtype=torch.float64)
    clipped = smooth_clip(x, limit=3.0)
    torch.testing.assert_close(clipped, x / (1 + x.square() / 9) ** 0.5)
    assert float(clipped.abs().max()) < 3
    assert (clipped.diff() > 0).all()
    torch.testing.assert_close(smooth_clip(torch.tensor([0.01, -0.01])), torch.tensor([0.01, -0.01]), rtol=1e-4, atol=0)
