"""F-beta of multi-label predictions, averaged over examples, at many thresholds at once, so that the best one can be chosen.

**What it does.** For each example, the F-beta score of the labels whose probability is above a threshold; averaged over
examples, as Kaggle scores (torchmetrics averages over labels). Sums for 99 thresholds are kept, so the best is known at the end
of an epoch without storing any prediction.

**Source.** Evaluation of Kaggle's "Planet: understanding the Amazon from space"; van Rijsbergen 1979.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics import Metric


class FBetaByThreshold(Metric):
    """Example-averaged F-beta at thresholds .01, .02 ... .99.

    Args:
        beta: How many times as much recall counts as precision.

    Attributes:
        threshold: The threshold at which the score is computed; ``None``: the best one.

    Shape:
        Probabilities ``[B, labels]`` and a 0/1 matrix of the same shape.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self, beta: float = 2.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold: float | None = None
        self.thresholds = torch.arange(1, 100) / 100
        self.add_state("total", torch.zeros(99), dist_reduce_fx="sum")
        self.add_state("count", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, probabilities: Tensor, target: Tensor) -> None:
        """Add a batch. An example without labels scores 1 where none is predicted, else 0."""
        predicted = probabilities[None] > self.thresholds.to(probabilities)[:, None, None]  # [99, B, labels]
        truth = target.bool()[None]
        hits = (predicted & truth).sum(2).float()
        weight = self.beta**2
        bound = weight * truth.sum(2) + predicted.sum(2)
        scores = torch.where(bound > 0, (1 + weight) * hits / bound.clamp(min=1), 1.0)
        self.total += scores.sum(1)
        self.count += len(target)

    def compute(self) -> Tensor:
        """The score at the threshold."""
        scores = self.total / self.count
        return (scores.max() if self.threshold is None else scores[round(100 * self.threshold) - 1]).float()

    def best_threshold(self) -> float:
        """The threshold with the highest score over all processes; the middle one if several are equally good."""
        with self.sync_context():
            best = (self.total == self.total.max()).nonzero().flatten().cpu()
        return float(self.thresholds[best[len(best) // 2]])
