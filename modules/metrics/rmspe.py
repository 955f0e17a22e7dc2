"""Root mean squared percentage error, the metric of Kaggle's Rossmann Store Sales."""

from __future__ import annotations

import torch
from torch import Tensor
from torchmetrics import Metric


class RMSPE(Metric):
    """``sqrt(mean(((y - p) / y)^2))``; rows whose target is 0 are ignored, as on Kaggle."""

    is_differentiable = True
    higher_is_better = False
    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Add predictions and targets ``[B]``."""
        there = target != 0
        error = (target[there] - preds[there]) / target[there]
        self.total += error.square().sum()
        self.count += there.sum()

    def compute(self) -> Tensor:
        """The error so far; NaN if there was no row to measure."""
        return (self.total / self.count).sqrt()
