"""Sampled softmax: exact where nothing is left out, right in expectation where something is."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from practicum.modules.layers.sampled_softmax import sampled_softmax_loss
from torch import Tensor


@pytest.fixture
def layer() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x, weight = (torch.randn(shape, dtype=torch.float64, generator=generator) for shape in ((30, 6), (600, 6)))
    bias = torch.randn(600, dtype=torch.float64, generator=generator)
    return x, weight.requires_grad_(), bias.requires_grad_(), torch.randint(0, 12, (30,), generator=generator)


def test_with_all_the_others_it_is_the_full_loss(layer: tuple[Tensor, ...]) -> None:
    x, weight, bias, target = layer
    expected = F.cross_entropy(F.linear(x, weight, bias), target)
    torch.testing.assert_close(sampled_softmax_loss(x, weight, bias, target, 600), expected)


def test_normalizers_and_gradients_are_right_on_average(layer: tuple[Tensor, ...]) -> None:
    x, weight, bias, target = layer
    row, aim, exact = x[:1] / 2, target[:1], weight.detach()
    logits = F.linear(row, exact, bias.detach())[0]
    torch.manual_seed(3)
    # p of the target is exp(-loss): its reciprocal is the normalizer in units of the target's own exponential.
    sums = [float(sampled_softmax_loss(row, exact, bias.detach(), aim, 100).exp()) for _ in range(200)]
    assert sum(sums) / len(sums) == pytest.approx(float(logits.exp().sum() / logits[aim].exp()), rel=0.03)
    assert max(sums) > 1.1 * min(sums)  # a sample it is

    full = torch.autograd.grad(F.cross_entropy(F.linear(x / 2, weight, bias), target), (weight, bias))
    mean = [torch.zeros_like(each) for each in full]
    for _ in range(120):
        gradients = torch.autograd.grad(sampled_softmax_loss(x / 2, weight, bias, target, 200), (weight, bias))
        mean = [total + each / 120 for total, each in zip(mean, gradients, strict=True)]
    for found, expected, noise in zip(mean, full, (0.07, 0.04), strict=True):  # 0.10 and 0.06 without the correction
        assert float((found - expected).norm() / expected.norm()) < noise


def test_the_rows_of_classes_left_out_get_no_gradient_and_the_same_seed_draws_the_same(layer: tuple[Tensor, ...]) -> None:
    x, weight, bias, target = layer
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(torch.autograd.grad(sampled_softmax_loss(x, weight, bias, target, 5), weight)[0])
    rows = found[0].abs().sum(1) > 0
    own = len(target.unique())
    assert rows[target].all()
    assert own + 5 <= int(rows.sum()) < own + 5 + 8
    assert int(rows.sum()) % 8 == 0
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
