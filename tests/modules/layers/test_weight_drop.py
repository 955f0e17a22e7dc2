"""Weight drop: recurrent weights only, in training only, and bit-equal to an LSTM with the dropped weights."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from practicum.modules.layers import WeightDropLSTM
from torch import nn


def test_it_drops_recurrent_weights_only_and_only_in_training() -> None:
    rnn = WeightDropLSTM(20, 30, weight_p=0.4)
    plain = nn.LSTM(20, 30)
    plain.load_state_dict(rnn.state_dict())  # parameters have their usual names
    x = torch.randn(6, 3, 20)
    first = rnn(x[:1])[0]
    torch.testing.assert_close(first, plain(x[:1])[0])  # no hidden state yet: nothing to drop
    assert not torch.allclose(rnn(x)[0], plain(x)[0])
    rnn(x)[0].sum().backward()
    assert (rnn.weight_hh_l0.grad == 0).float().mean() == pytest.approx(0.4, abs=0.03)
    assert (rnn.weight_ih_l0.grad != 0).all()
    rnn.eval()
    assert torch.equal(rnn(x)[0], plain(x)[0])


def test_outputs_gradients_and_draws_are_those_of_an_lstm_with_dropped_weights() -> None:
    rnn, plain = WeightDropLSTM(5, 7, num_layers=2, weight_p=0.5), nn.LSTM(5, 7, num_layers=2)
    x = torch.randn(9, 4, 5)
    torch.manual_seed(3)
    output, (hidden, cell) = rnn(x)
    after = torch.get_rng_state()
    output.sum().backward()
    torch.manual_seed(3)
    state = {name: value.clone() for name, value in rnn.state_dict().items()}
    masks = {name: F.dropout(torch.ones_like(state[name]), 0.5) for name in state if name.startswith("weight_hh")}
    assert torch.equal(after, torch.get_rng_state())
    plain.load_state_dict({name: value * masks.get(name, 1) for name, value in state.items()})
    expected, (expected_hidden, expected_cell) = plain(x)
    expected.sum().backward()
    assert torch.equal(output, expected)
    assert torch.equal(hidden, expected_hidden)
    assert torch.equal(cell, expected_cell)
    theirs = dict(plain.named_parameters())
    for name, parameter in rnn.named_parameters():
        assert parameter.grad is not None
        assert torch.equal(parameter.grad, theirs[name].grad * masks.get(name, 1)), name


def test_a_step_leaves_the_layer_as_it_was() -> None:
    rnn = WeightDropLSTM(5, 7, weight_p=0.5)
    before = copy.deepcopy(rnn.state_dict())
    x = torch.randn(9, 4, 5)
    rnn(x)[0].sum().backward()
    assert all(torch.equal(value, before[name]) for name, value in rnn.state_dict().items())
    twin = copy.deepcopy(rnn).eval()  # as callbacks copy modules
    plain = nn.LSTM(5, 7)
    plain.load_state_dict(before)
    assert torch.equal(twin(x)[0], plain(x)[0])


def test_an_error_in_a_pass_leaves_the_weights_whole() -> None:
    rnn = WeightDropLSTM(5, 7, weight_p=0.5)
    with pytest.raises(RuntimeError, match="input.size"):
        rnn(torch.randn(9, 4, 6))
    plain = nn.LSTM(5, 7)
    plain.load_state_dict(rnn.state_dict())
    x = torch.randn(9, 4, 5)
    assert torch.equal(rnn.eval()(x)[0], plain(x)[0])


def test_hooks_run_once_a_pass() -> None:
    rnn, calls = WeightDropLSTM(5, 7, weight_p=0.5), []
    rnn.register_forward_hook(lambda *args: calls.append(1))
    rnn(torch.randn(9, 4, 5))
    assert len(calls) == 1
