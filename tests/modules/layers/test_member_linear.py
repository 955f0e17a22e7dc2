"""Linear layers of several networks: each is a linear layer by itself, of unit variance."""

from __future__ import annotations

import pytest
import torch
from practicum.modules.layers.member_linear import MemberLinear


def test_each_network_is_a_linear_layer_of_its_own() -> None:
    torch.manual_seed(0)
    layer = MemberLinear(3, inputs=5, outputs=4)
    x = torch.randn(3, 7, 5)
    found = layer(x)
    for member in range(3):
        wanted = x[member] @ layer.weight[member] / 5**0.5 + 0.1 * layer.bias[member]
        torch.testing.assert_close(found[member], wanted)
    found[1].sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad[1].any()
    assert not layer.weight.grad[[0, 2]].any()


def test_outputs_and_biases_start_with_variance_1_or_at_zero() -> None:
    torch.manual_seed(0)
    layer = MemberLinear(2, inputs=400, outputs=400)
    no_bias = layer(torch.randn(2, 500, 400)) - layer(torch.zeros(2, 1, 400))
    assert float(no_bias.detach().std()) == pytest.approx(1, rel=0.05)
    assert float(layer(torch.zeros(2, 1, 400)).detach().std()) == pytest.approx(1, rel=0.1)
    assert not MemberLinear(2, 3, 4, zero=True)(torch.randn(2, 6, 3)).any()
