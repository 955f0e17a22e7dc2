"""The largest modules that hold exactly some parameters."""

from __future__ import annotations

import torch
from practicum.modules.layers.parameter_cover import covering_modules
from torch import nn


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))
        self.layers = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))


def test_whole_modules_are_taken_where_all_of_theirs_is_wanted() -> None:
    net = nn.Sequential(Block(), Block())
    assert covering_modules(net, [name for name, _ in net.named_parameters()]) == [net]
    assert covering_modules(net, [name for name, _ in net.named_parameters() if name.startswith("1.")]) == [net[1]]
    assert covering_modules(net, ["0.layers.0.weight", "0.layers.0.bias"]) == [net[0].layers[0]]


def test_a_parameter_whose_module_holds_others_stands_for_itself() -> None:
    net = nn.Sequential(Block(), Block())
    (found,) = covering_modules(net, ["1.scale"])
    assert found is net[1].scale
    first, second = covering_modules(net, ["0.scale", "0.layers.2.weight"])
    assert first is net[0].scale
    assert second is net[0].layers[2].weight
