"""AWD-LSTM against its formulas, step by step in 64 bit, with the same masks; and what its dropouts do on average."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from practicum.modules.layers import AWDLSTM, WeightDropLSTM, linear_cross_entropy, variational_dropout
from practicum.modules.layers.awd_lstm import penalties, put_states, states_of
from practicum.modules.layers.embedding_dropout import embedding_dropout
from torch import Tensor

CHANCES = {"input_p": 0.3, "hidden_p": 0.2, "output_p": 0.4, "embed_p": 0.1, "weight_p": 0.5}


def by_the_formulas(net: AWDLSTM, tokens: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    """Merity et al. 2018, section 2, one step at a time; masks are drawn in the order in which the layers draw them."""
    torch.manual_seed(seed)
    rows, steps = tokens.shape
    weight = net.embedding.weight
    words = weight.new_empty(len(weight), 1).bernoulli_(1 - CHANCES["embed_p"]) / (1 - CHANCES["embed_p"])
    x = [(weight * words)[tokens[:, t]] for t in range(steps)]

    def same_at_all_steps(x: list[Tensor], p: float) -> list[Tensor]:
        mask = weight.new_empty(1, rows, x[0].shape[1]).bernoulli_(1 - p)[0] / (1 - p)
        return [each * mask for each in x]

    x = same_at_all_steps(x, CHANCES["input_p"])
    for depth, rnn in enumerate(net.rnns):
        recurrent = F.dropout(rnn.weight_hh_l0, CHANCES["weight_p"])
        h = c = weight.new_zeros(rows, rnn.hidden_size)
        outputs = []
        for each in x:
            gates = each @ rnn.weight_ih_l0.T + rnn.bias_ih_l0 + h @ recurrent.T + rnn.bias_hh_l0
            i, f, g, o = gates.chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        x = same_at_all_steps(outputs, CHANCES["hidden_p"]) if depth < len(net.rnns) - 1 else outputs
    return torch.stack(x), torch.stack(same_at_all_steps(x, CHANCES["output_p"]))


def test_outputs_and_gradients_are_those_of_the_formulas() -> None:
    net = AWDLSTM(30, 6, 8, 3, **CHANCES).double()
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
        loss = loss + penalties(raw, dropped, 2.0, 1.0)
        gradients.append([loss.detach(), *torch.autograd.grad(loss, list(net.parameters()))])
    for ours, slow in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, slow, atol=1e-10, rtol=1e-8)


def test_penalties_are_means_of_squares() -> None:
    raw = torch.tensor([[[1.0, 2.0]], [[4.0, 6.0]]])
    assert penalties(raw, 2 * raw, 2.0, 1.0) == 2 * (4 + 16 + 64 + 144) / 4 + (9 + 16) / 2
    assert penalties(raw, raw, 0.0, 0.0) == 0
    assert penalties(raw[:1], raw[:1], 0.0, 1.0) == 0  # a window of one token has no step


def test_variational_dropout_is_the_same_at_all_steps_and_right_on_average() -> None:
    x = torch.ones(5, 400, 50)
    y = variational_dropout(x, 0.3)
    assert torch.equal(y, y[:1].expand_as(y))
    assert (y == 0).float().mean() == pytest.approx(0.3, abs=0.02)
    assert y.mean() == pytest.approx(1, abs=0.02)
    assert variational_dropout(x, 0.3, training=False) is x
    assert variational_dropout(x, 1.0).abs().sum() == 0


def test_embedding_dropout_drops_words_wherever_they_stand() -> None:
    tokens = torch.arange(2000).repeat(3, 1)
    y = embedding_dropout(tokens, torch.ones(2000, 4), 0.2)
    assert torch.equal(y[0], y[1])
    assert torch.equal(y[..., 0], y[..., 3])
    assert (y == 0).float().mean() == pytest.approx(0.2, abs=0.03)
    assert y.mean() == pytest.approx(1, abs=0.04)


def test_weight_drop_drops_recurrent_weights_only_and_only_in_training() -> None:
    rnn = WeightDropLSTM(20, 30, weight_p=0.4)
    plain = torch.nn.LSTM(20, 30)
    plain.load_state_dict(rnn.state_dict())  # parameters have their usual names
    x = torch.randn(6, 3, 20)
    first = rnn(x[:1])[0]
    torch.testing.assert_close(first, plain(x[:1])[0])  # no hidden state yet: nothing to drop
    assert not torch.allclose(rnn(x)[0], plain(x)[0])
    rnn(x)[0].sum().backward()
    assert (rnn.weight_hh_l0.grad == 0).float().mean() == pytest.approx(0.4, abs=0.03)
    assert (rnn.weight_ih_l0.grad != 0).all()
    rnn.eval()
    torch.testing.assert_close(rnn(x)[0], plain(x)[0])
    assert rnn._flat_weights[0] is rnn.weight_ih_l0  # as before


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_linear_cross_entropy_is_torchs(dtype: torch.dtype) -> None:
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
    with torch.no_grad():  # without gradients, another path
        torch.testing.assert_close(linear_cross_entropy(*arguments, target).double(), expected, atol=scale, rtol=scale)


def test_states_of_some_rows_go_out_and_come_back() -> None:
    states = [(torch.arange(6.0).view(1, 3, 2), torch.zeros(1, 3, 2))]
    rows = torch.tensor([0, 2])
    some = states_of(states, rows)
    assert some[0][0].tolist() == [[[0, 1], [4, 5]]]
    back = put_states(states, rows, [(some[0][0] + 10, some[0][1] + 1)])
    assert back[0][0].tolist() == [[[10, 11], [2, 3], [14, 15]]]
    assert back[0][1].tolist() == [[[1, 1], [0, 0], [1, 1]]]
