"""Augmented views of a batch of photos, and how their probabilities are combined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor


def combine(plain: Tensor, views: Tensor, beta: float = 0.25, reduction: Literal["mean", "max"] = "mean") -> Tensor:
    """Combine the probabilities of the unaugmented view and of augmented ones.

    Args:
        plain: ``[..., classes]``.
        views: ``[n, ..., classes]``.
        beta: Weight of the unaugmented view; without effect on the maximum.
        reduction: ``mean``, or ``max``: the highest probability of each class in any view.

    Returns:
        ``[..., classes]``; the maxima of single-label probabilities do not sum to 1.
    """
    return torch.maximum(plain, views.amax(0)) if reduction == "max" else beta * plain + (1 - beta) * views.mean(0)


def augment_rows(x: Tensor, augment: Callable[[Tensor], Tensor], seed: int, view: int, rows: Sequence[int]) -> Tensor:
    """Augment each photo of a batch by itself, with random numbers that depend on the seed, the view and its place in the data.

    Args:
        x: ``[B, ...]``.
        augment: A function of a batch of one.
        seed: Of the random numbers.
        view: From 0.
        rows: Place in the data of each photo.
    """
    views = []
    with torch.random.fork_rng(devices=[x.device] if x.is_cuda else []):
        for row, photo in zip(rows, x, strict=True):
            draw = np.random.SeedSequence([seed, view, row]).generate_state(1, np.uint64)[0]
            torch.default_generator.manual_seed(int(draw >> np.uint64(1)))
            if x.is_cuda:
                torch.cuda.default_generators[x.device.index].manual_seed(int(draw >> np.uint64(1)))
            views.append(augment(photo[None]))
    return torch.cat(views)
