"""The skip-gram's loss on bands of products, against its formula pair by pair."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from practicum.modules.layers.negative_sampling import banded_scores, negative_sampling_loss, pair_mask


def test_band_holds_the_products_around_the_diagonal() -> None:
    left, right = torch.randn(2, 150, 7, dtype=torch.float64)
    found = banded_scores(left, right, 4)
    assert found.shape == (150, 9)
    for i in range(150):
        for j in range(9):
            other = i + j - 4
            expected = left[i] @ right[other] if 0 <= other < 150 else torch.zeros((), dtype=torch.float64)
            torch.testing.assert_close(found[i, j], expected)


def test_pairs_are_within_the_window_and_within_a_text() -> None:
    row = torch.tensor([0, 0, 0, 1, 1])
    found = pair_mask(row, torch.tensor([1, 2, 2, 1, 2]), 2)
    assert [[i + int(j) - 2 for j in found[i].nonzero()] for i in range(5)] == [[1], [0, 2], [0, 1], [4], [3]]


def test_loss_and_gradients_equal_the_formula() -> None:
    words = torch.randint(0, 12, (90,))
    drawn_words = torch.randint(0, 12, (16,))
    table = torch.randn(12, 5, dtype=torch.float64, requires_grad=True)
    centre = torch.randn(90, 5, dtype=torch.float64, requires_grad=True)
    is_pair = pair_mask(torch.arange(90) // 30, torch.randint(1, 4, (90,)), 3)
    loss = negative_sampling_loss(words, centre, table[words], table[drawn_words], drawn_words, is_pair, 5)
    expected = torch.zeros((), dtype=torch.float64)
    for i, j in is_pair.nonzero().tolist():
        other = i + j - 3
        expected = expected - F.logsigmoid(centre[i] @ table[words[other]])
        for word in drawn_words:
            if word != words[other]:  # a pair's own word is no negative of it
                expected = expected - 5 / 16 * F.logsigmoid(-centre[i] @ table[word])
    torch.testing.assert_close(loss, expected)
    for mine, theirs in zip(
        torch.autograd.grad(loss, (table, centre)), torch.autograd.grad(expected, (table, centre)), strict=True
    ):
        torch.testing.assert_close(mine, theirs)
