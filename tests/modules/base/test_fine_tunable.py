"""Layer groups, their parameter groups, and where weights came from."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.base.fine_tunable import FineTunable, LayerGroup, parameters_of
from torch import nn


class Net(FineTunable):
    def __init__(self, optimizer: Any = None) -> None:
        super().__init__(optimizer)
        self.body, self.head, self.scale = nn.Linear(2, 2), nn.Linear(2, 1), nn.Parameter(torch.ones(1))

    def layer_groups(self) -> list[LayerGroup]:
        return [[self.body, self.body.bias], [self.head, self.scale]]


def test_each_layer_group_is_a_parameter_group() -> None:
    net = Net(partial(torch.optim.SGD, lr=0.3))
    optimizer = net.configure_optimizers()
    assert isinstance(optimizer, torch.optim.SGD)
    assert [group["name"] for group in optimizer.param_groups] == ["group 0", "head"]
    assert {group["lr"] for group in optimizer.param_groups} == {0.3}
    held = [id(parameter) for group in optimizer.param_groups for parameter in group["params"]]
    assert held == [id(p) for p in (net.body.weight, net.body.bias, net.head.weight, net.head.bias, net.scale)]


def test_a_parameter_is_given_once() -> None:
    net = Net()
    assert list(parameters_of([net.body, net.body.weight])) == list(net.body.parameters())
    assert isinstance(net.configure_optimizers(), torch.optim.AdamW)


def test_provenance_goes_with_checkpoints() -> None:
    net, checkpoint = Net(), {}
    assert net.provenance == {"source": "random"}
    net.provenance = {"source": "somewhere", "pretrained": False}
    net.on_save_checkpoint(checkpoint)
    again = Net()
    assert again.pretrained
    again.on_load_checkpoint(checkpoint)
    assert again.provenance == net.provenance
    assert not again.pretrained
    again.on_load_checkpoint({})  # of another project
    assert again.provenance == net.provenance


def test_a_module_takes_from_data_what_its_signature_names() -> None:
    class Data:
        def describe(self) -> dict[str, Any]:
            return {"optimizer": "adamw", "classes": ["a", "b"]}  # it knows no classes

    assert isinstance(Net.for_data(Data()).configure_optimizers(), torch.optim.AdamW)
    assert isinstance(Net.for_data(Data(), optimizer="sgd").configure_optimizers(), torch.optim.SGD)


def test_data_of_another_kind_are_refused_in_a_sentence() -> None:
    class Tabular(Net):
        def __init__(self, categories: Any, target: Any, **options: Any) -> None:
            super().__init__(**options)

    class Texts:
        def describe(self) -> dict[str, Any]:
            return {"vocab": ["a"], "target": None}

    with pytest.raises(MisconfigurationException, match="Tabular: Texts says nothing of categories, which this module must know"):
        Tabular.for_data(Texts())
    assert isinstance(Tabular.for_data(Texts(), categories={}), Tabular)
