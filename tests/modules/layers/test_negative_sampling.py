"""The skip-gram's loss on bands of products, against its formula pair by pair."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from practicum.modules.layers.negative_sampling import in_blocks, negative_sampling_loss, pair_mask


def test_blocks_hold_the_words_around_them() -> None:
    blocks = in_blocks(torch.arange(1, 151), window=4)
    assert blocks.shape == (3, 72)
    for number, block in enumerate(blocks.tolist()):
        expected = range(64 * number - 3, 64 * number + 69)
        assert block == [each if 1 <= each <= 150 else 0 for each in expected]
    assert in_blocks(torch.arange(64)).shape == (1, 64)


def test_pairs_are_within_the_window_and_within_a_text() -> None:
    row = torch.tensor([0, 0, 0, 1, 1])
    found = pair_mask(row, torch.tensor([1, 2, 2, 1, 2]), 2)
    assert [[i + int(j) - 2 for j in found[i].nonzero()] for i in range(5)] == [[1], [0, 2], [0, 1], [4], [3]]


def test_loss_and_gradients_equal_the_formula() -> None:
    words = torch.randint(0, 12, (90,))
    drawn = torch.randint(0, 12, (2, 16))
    table = torch.randn(12, 5, dtype=torch.float64, requires_grad=True)
    centre = torch.randn(128, 5, dtype=torch.float64, requires_grad=True)
    is_pair = pair_mask(torch.arange(90) // 30, torch.randint(1, 4, (90,)), 3)
    around = in_blocks(words, 3)
    loss = negative_sampling_loss(centre.view(2, 64, 5), table[torch.cat([around, drawn], 1)], around, drawn, is_pair, 5)
    expected = torch.zeros((), dtype=torch.float64)
    for i, j in is_pair.nonzero().tolist():
        other = i + j - 3
        expected = expected - F.logsigmoid(centre[i] @ table[words[other]])
        for word in drawn[i // 64]:
            if word != words[other]:  # a pair's own word is no negative of it
                expected = expected - 5 / 16 * F.logsigmoid(-centre[i] @ table[word])
    torch.testing.assert_close(loss, expected)
    for mine, theirs in zip(
        torch.autograd.grad(loss, (table, centre)), torch.autograd.grad(expected, (table, centre)), strict=True
    ):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("height", [-200.0, -20.0, 20.0, 200.0])
def test_scores_of_any_height_have_a_finite_loss_and_its_slope(height: float) -> None:
    """A pair of two words, and one drawn word: the loss is linear where it is wrong, and nothing where it is right."""
    centre = torch.zeros(1, 64, 1)
    centre[0, 0] = height
    centre.requires_grad_()
    is_pair = torch.zeros(2, 3, dtype=torch.bool)
    is_pair[0, 2] = True
    others, around, drawn = torch.ones(1, 67, 1), in_blocks(torch.tensor([1, 2]), 1), torch.tensor([[3]])
    loss = negative_sampling_loss(centre, others, around, drawn, is_pair, 1)
    torch.testing.assert_close(float(loss.detach()), min(abs(height), 87.3365), atol=1e-3, rtol=0)
    (gradient,) = torch.autograd.grad(loss, centre)
    torch.testing.assert_close(float(gradient[0, 0]), math.copysign(1.0, height), atol=1e-6, rtol=0)
    assert not gradient[0, 1:].any()
