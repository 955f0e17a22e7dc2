"""States: whose rows they are, where a module keeps them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from practicum.callbacks.recurrent.carried_state import StateAttribute, check_rows, detached, recurrent_layers, rows_of
from practicum.lightning_shim import MisconfigurationException
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence


def test_rows_are_counted_in_every_layout() -> None:
    first, second = nn.GRU(2, 3, batch_first=True), nn.GRU(2, 3)
    x = torch.zeros(4, 7, 2)
    assert rows_of(x, first) == 4
    assert rows_of(x, second) == 7
    assert rows_of(pack_padded_sequence(x, [7, 2, 3, 4], batch_first=True, enforce_sorted=False), first) == 4
    assert rows_of(x[0], first) is None
    check_rows("rnn", (torch.zeros(1, 4, 3), torch.zeros(1, 4, 3)), 4)
    check_rows("rnn", torch.zeros(1, 3), None)
    for state, rows in ((torch.zeros(1, 4, 3), 3), (torch.zeros(1, 4, 3), None), (torch.zeros(1, 3), 3)):
        with pytest.raises(MisconfigurationException, match="TruncatedBPTT: rnn gets"):
            check_rows("rnn", state, rows)


def test_layers_are_found_by_kind_or_by_name() -> None:
    module = nn.ModuleDict({"a": nn.GRU(2, 3), "b": nn.LSTM(2, 3, bidirectional=True), "c": nn.Linear(2, 3)})
    assert list(recurrent_layers(module, ["a"])) == ["a"]
    with pytest.raises(MisconfigurationException, match="b is bidirectional"):
        recurrent_layers(module)
    with pytest.raises(MisconfigurationException, match="no recurrent layer 'c'; it has a, b"):
        recurrent_layers(module, ["c"])
    with pytest.raises(MisconfigurationException, match="nothing to carry"):
        recurrent_layers(module["c"])


class Holder(nn.Module):
    def __init__(self, hidden: Any) -> None:
        super().__init__()
        self.hidden = hidden


def test_an_attribute_is_read_and_set_also_of_an_inner_module() -> None:
    inner = Holder([torch.ones(1, requires_grad=True) * 2, None])
    attribute = StateAttribute(nn.ModuleDict({"inner": inner}), "inner.hidden")
    assert not attribute.initial[0].requires_grad
    attribute.set(detached(attribute.get()))
    assert not inner.hidden[0].requires_grad
    for hidden in ("Bavaria", nn.Linear(1, 1), [object()]):
        with pytest.raises(MisconfigurationException, match="state='hidden' holds"):
            StateAttribute(Holder(hidden), "hidden")
