"""Depthwise convolutions in 32 bit: same layer, same gradients as 32 bit, only under CPU autocast."""

from __future__ import annotations

import torch
from practicum.modules.layers.depthwise_float32 import keep_depthwise_in_float32
from torch import nn


def test_only_depthwise_layers_change_and_compute_in_32_bit() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 4, 1), nn.Conv2d(4, 4, 3, groups=2))
    names = list(network.state_dict())
    assert keep_depthwise_in_float32(network) == 1
    assert list(network.state_dict()) == names

    x = torch.randn(2, 8, 9, 9)
    exact = nn.functional.conv2d(x, network[0].weight, network[0].bias, groups=8)
    with torch.autocast("cpu", torch.bfloat16):
        y = network[0](x)
        plain = nn.functional.conv2d(x, network[0].weight, network[0].bias, groups=8)
    assert y.dtype == torch.bfloat16
    assert torch.equal(y, exact.bfloat16())  # rounded once, at the end
    assert not torch.equal(plain, y)
    assert torch.equal(network[0](x), exact)  # without autocast: untouched


def test_gradients_are_those_of_32_bit() -> None:
    torch.manual_seed(0)
    layer = nn.Sequential(nn.Conv2d(6, 6, 5, stride=2, padding=2, groups=6))
    x = torch.randn(2, 6, 12, 12)
    layer[0](x).sum().backward()
    expected = layer[0].weight.grad.clone()
    layer.zero_grad()
    keep_depthwise_in_float32(layer)
    with torch.autocast("cpu", torch.bfloat16):
        layer[0](x).sum().backward()
    torch.testing.assert_close(layer[0].weight.grad, expected)
