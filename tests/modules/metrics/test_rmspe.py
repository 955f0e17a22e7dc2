"""Root mean squared percentage error, as on Kaggle."""

from __future__ import annotations

import math

import pytest
import torch
from practicum.modules.metrics.rmspe import RMSPE


def test_rows_whose_target_is_zero_are_ignored() -> None:
    metric = RMSPE()
    metric.update(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 0.0]))
    metric.update(torch.tensor([3.0]), torch.tensor([4.0]))
    assert float(metric.compute()) == pytest.approx(math.sqrt((0.25 + 0.0625) / 2))
