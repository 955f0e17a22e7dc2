"""AWD-LSTM against its formulas, step by step in 64 bit, with the same masks; and what its dropouts do on average."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.layers import AWDLSTM, linear_cross_entropy
from practicum.modules.layers.awd_lstm import (
    activation_regularization,
    check_sizes,
    replace_states,
    scale_dropout_rates,
    select_states,
)
from torch import Tensor

RATES = {"input_p": 0.3, "hidden_p": 0.2, "output_p": 0.4, "embed_p": 0.1, "weight_p": 0.5}


def by_the_formulas(net: AWDLSTM, tokens: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Merity et al. 2018, section 2, one step at a time; masks are drawn in the order in which the layers draw them."""
    torch.manual_seed(seed)
    rows, steps = tokens.shape
    weight = net.embedding.weight
    words = weight.new_empty(len(weight), 1).bernoulli_(1 - RATES["embed_p"]) / (1 - RATES["embed_p"])
    x = [(weight * words)[tokens[:, t]] for t in range(steps)]

    def same_at_all_steps(x: list[Tensor], p: float) -> list[Tensor]:
        mask = weight.new_empty(1, rows, x[0].shape[1]).bernoulli_(1 - p)[0] / (1 - p)
        return [each * mask for each in x]

    x = same_at_all_steps(x, RATES["input_p"])
    for depth, rnn in enumerate(net.rnns):
        recurrent = F.dropout(rnn.weight_hh_l0, RATES["weight_p"])
        h = c = weight.new_zeros(rows, rnn.hidden_size)
        outputs = []
        for each in x:
            gates = each @ rnn.weight_ih_l0.T + rnn.bias_ih_l0 + h @ recurrent.T + rnn.bias_hh_l0
            i, f, g, o = gates.chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        x = same_at_all_steps(outputs, RATES["hidden_p"]) if depth < len(net.rnns) - 1 else outputs
    return torch.stack(x), torch.stack(same_at_all_steps(x, RATES["output_p"]))


def test_outputs_and_gradients_are_those_of_the_formulas() -> None:
    net = AWDLSTM(30, 6, 8, 3, **RATES).double()
    tokens, target = torch.randint(2, 30, (4, 7)), torch.randint(0, 30, (28,))
    bias = torch.zeros(30, dtype=torch.float64)
    gradients = []
    for way in ("ours", "formulas"):
        if way == "ours":
            torch.manual_seed(5)
            raw, dropped, _ = net(tokens)
            loss = linear_cross_entropy(dropped.flatten(0, 1), net.embedding.weight, bias, target, rows=5)
        else:
            raw, dropped = by_the_formulas(net, tokens, 5)
            loss = F.cross_entropy(F.linear(dropped, net.embedding.weight, bias).flatten(0, 1), target)
        loss = loss + activation_regularization(raw, dropped, 2.0, 1.0)
        gradients.append([loss.detach(), *torch.autograd.grad(loss, list(net.parameters()))])
    for ours, slow in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, slow, atol=1e-10, rtol=1e-8)


def test_regularization_is_the_mean_of_squares() -> None:
    raw = torch.tensor([[[1.0, 2.0]], [[4.0, 6.0]]])
    assert activation_regularization(raw, 2 * raw, 2.0, 1.0) == 2 * (4 + 16 + 64 + 144) / 4 + (9 + 16) / 2
    assert activation_regularization(raw, raw, 0.0, 0.0) == 0
    assert activation_regularization(raw[:1], raw[:1], 0.0, 1.0) == 0  # a window of one token has no step


def test_states_of_some_rows_go_out_and_come_back() -> None:
    states = [(torch.arange(6.0).view(1, 3, 2), torch.zeros(1, 3, 2))]
    rows = torch.tensor([0, 2])
    some = select_states(states, rows)
    assert some[0][0].tolist() == [[[0, 1], [4, 5]]]
    back = replace_states(states, rows, [(some[0][0] + 10, some[0][1] + 1)])
    assert back[0][0].tolist() == [[[10, 11], [2, 3], [14, 15]]]
    assert back[0][1].tolist() == [[[1, 1], [0, 0], [1, 1]]]


def test_sizes_and_rates_out_of_range_are_refused() -> None:
    check_sizes("Net", 8, 8, 1)
    with pytest.raises(MisconfigurationException, match="Net: num_layers=0 must be at least 1"):
        check_sizes("Net", 8, 8, 0)
    assert scale_dropout_rates("Net", {"input_p": 0.4}, 0.5) == {"input_p": 0.2}
    with pytest.raises(MisconfigurationException, match="Net: weight_p=0.9 times drop_mult=2.0 must be from 0 to below 1"):
        scale_dropout_rates("Net", {"weight_p": 0.9}, 2.0)
