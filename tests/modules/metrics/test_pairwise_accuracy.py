"""Share of negatives below the positive."""

from __future__ import annotations

import pytest
import torch
from practicum.modules.metrics.pairwise_accuracy import PairwiseAccuracy


def test_a_tie_counts_half() -> None:
    metric = PairwiseAccuracy()
    metric.update(torch.tensor([[1.0, 0.0, 2.0, 1.0], [3.0, 0.0, 0.0, 0.0]]), torch.ones(2))
    assert float(metric.compute()) == pytest.approx((1 + 0.5 + 3) / 6)
