"""Perplexity and bits per token from losses."""

from __future__ import annotations

import math

import pytest
import torch
from practicum.modules.metrics.perplexity import Perplexity


def test_it_is_the_exponential_of_the_mean_loss() -> None:
    metric, bits = Perplexity(), Perplexity(bits=True)
    for each in (metric, bits):
        each.update(torch.tensor(1.0), 10)
        each.update(torch.tensor(4.0), 20)
    assert metric.compute() == pytest.approx(math.exp(3))
    assert bits.compute() == pytest.approx(3 / math.log(2))


def test_many_small_losses_do_not_get_lost() -> None:
    metric = Perplexity(bits=True)
    metric.update(torch.tensor(1.0), 2**24)
    for _ in range(64):
        metric.update(torch.tensor(0.5), 1)  # each alone is below the sum's precision
    assert metric.total - metric.lost == 2**24 + 32
