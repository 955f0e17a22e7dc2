"""Fold-in: the gradient of the loss it minimises is zero at its result."""

from __future__ import annotations

import torch
from practicum.modules.layers.fold_in import fold_in_clicks, fold_in_ratings


def test_ratings_are_the_minimum_of_the_training_loss() -> None:
    vectors, residuals = torch.randn(6, 3, dtype=torch.float64), torch.randn(6, dtype=torch.float64)
    row = fold_in_ratings(vectors, residuals, 0.2).requires_grad_()
    loss = (vectors @ row[1:] + row[0] - residuals).square().sum() + 0.2 * 6 * row.square().sum()
    (gradient,) = torch.autograd.grad(loss, row)
    torch.testing.assert_close(gradient, torch.zeros(4, dtype=torch.float64), atol=1e-10, rtol=0)


def test_clicks_are_the_minimum_of_the_weighted_squares() -> None:
    every = torch.randn(9, 3, dtype=torch.float64)
    vectors = every[[2, 5]]
    row = fold_in_clicks(vectors, every, 0.3).requires_grad_()
    loss = (vectors @ row - 1).square().sum() + 2 / 9 * (every @ row).square().sum() + 0.3 * 2 * row.square().sum()
    (gradient,) = torch.autograd.grad(loss, row)
    torch.testing.assert_close(gradient, torch.zeros(3, dtype=torch.float64), atol=1e-7, rtol=0)
