"""Chunked cross-entropy against torch's, with gradients, in three precisions."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from practicum.modules.layers import linear_cross_entropy


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_loss_and_gradients_are_torchs(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight, bias = (torch.randn(shape, dtype=torch.float64) for shape in ((90, 16), (40, 16), (40,)))
    target = torch.randint(0, 40, (90,))
    arguments = [each.to(dtype).requires_grad_() for each in (x, weight, bias)]
    loss = linear_cross_entropy(*arguments, target, rows=32)
    exact = [each.detach().double().requires_grad_() for each in arguments]
    expected = F.cross_entropy(F.linear(*exact), target)
    scale = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2e-2}[dtype]
    torch.testing.assert_close(loss.double(), expected, atol=scale, rtol=scale)
    for ours, theirs in zip(torch.autograd.grad(3 * loss, arguments), torch.autograd.grad(3 * expected, exact), strict=True):
        assert ours.dtype == dtype
        assert float((ours - theirs).norm() / theirs.norm()) < scale
    monkeypatch.setattr(torch, "mm", None)  # of the gradients
    with torch.no_grad():  # without gradients, another path
        torch.testing.assert_close(linear_cross_entropy(*arguments, target).double(), expected, atol=scale, rtol=scale)
