"""Fold-in: the vector of a user who was not there in training, in closed form, from the items' vectors.

**What it does.** With the items' vectors fixed, a user's vector is the solution of a small regularized least-squares problem:
ridge regression for ratings, and for clicks weighted least squares in which every item counts a little as not chosen.

**Source.** Koren, Bell & Volinsky 2009 (alternating least squares); Hu, Koren & Volinsky 2008, "Collaborative filtering for
implicit feedback datasets".
"""

from __future__ import annotations

import torch
from torch import Tensor


def fold_in_ratings(vectors: Tensor, residuals: Tensor, l2: float) -> Tensor:
    """Bias and vector of a user: ``(Z'Z + l2 n I) w = Z'r``, with a row ``(1, q)`` in Z for each rating.

    Args:
        vectors: Vectors q of the rated items ``float64 [n, F]``.
        residuals: Standardised ratings less the items' biases ``float64 [n]``.
        l2: L2 penalty of each rating.

    Returns:
        ``float64 [1 + F]``.
    """
    design = torch.cat([torch.ones(len(vectors), 1, dtype=torch.float64), vectors], 1)
    strength = torch.eye(design.shape[1], dtype=torch.float64) * l2 * len(vectors)
    return torch.linalg.solve(design.T @ design + strength, design.T @ residuals)


def fold_in_clicks(vectors: Tensor, all_vectors: Tensor, l2: float) -> Tensor:
    """Vector of a user who clicked on some items: these count fully as chosen, every item a little as not chosen.

    Args:
        vectors: Vectors of the items that were clicked on ``float64 [n, F]``.
        all_vectors: Vectors of all items ``float64 [items, F]``.
        l2: L2 penalty of each click.

    Returns:
        ``float64 [F]``; a user's bias has no effect on a ranking.
    """
    weak = len(vectors) / len(all_vectors)  # so that all items together weigh as much as those clicked on
    matrix = weak * all_vectors.T @ all_vectors + vectors.T @ vectors
    matrix += torch.eye(len(matrix)) * max(l2, 1e-6) * len(vectors)
    return torch.linalg.solve(matrix, vectors.sum(0))
