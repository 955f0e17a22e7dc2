"""Pairwise accuracy: how often a positive item scores above a negative one, a sampled AUC per row."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics import Metric


class PairwiseAccuracy(Metric):
    """Share of negatives that score below their row's positive; a tie counts half."""

    higher_is_better = True
    full_state_update = False
    below: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("below", torch.tensor(0), dist_reduce_fx="sum")  # counted twice, so that ties are integers, too
        self.add_state("count", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, scores: Tensor, target: Tensor) -> None:
        """Add scores ``[B, 1 + n]``, whose first column is the positive; targets are ignored."""
        positive, negatives = scores[:, :1], scores[:, 1:]
        self.below += (positive > negatives).sum() + (positive >= negatives).sum()
        self.count += negatives.numel()

    def compute(self) -> Tensor:
        """The share so far."""
        return self.below / (2 * self.count)
