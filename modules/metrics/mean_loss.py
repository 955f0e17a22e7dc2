"""The mean loss of an epoch over the rows of all processes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


class MeanLoss(Metric):
    """The mean of batches' losses, each counted by its rows or, where these have weights, by the sum of them.

    Lightning's own mean (``sync_dist=True``) averages the processes' numbers of rows as whole numbers, and is too large where the
    rows are an odd number: 235 rows of two processes count as 2 x 117.

    Args:
        options: Options of ``torchmetrics.Metric``.

    Example:
        >>> import torch
        >>> from practicum.modules.metrics.mean_loss import MeanLoss
        >>> mean = MeanLoss()
        >>> mean.update(torch.tensor(1.0), 3)
        >>> mean.update(torch.tensor(5.0), 1)
        >>> mean.compute()
        tensor(2.)
    """

    higher_is_better = False
    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros(()), dist_reduce_fx="sum")

    def update(self, loss: Tensor, rows: Tensor | float) -> None:
        """Add the mean loss of a number of rows, or of a sum of weights; of none it does not count."""
        weight = torch.as_tensor(rows, dtype=torch.float32, device=self.total.device)
        self.total = self.total + torch.where(weight > 0, loss.detach().float() * weight, 0.0)
        self.count = self.count + weight

    def compute(self) -> Tensor:
        """The mean so far."""
        return self.total / self.count
