"""Perplexity of a language model from its losses: the exponential of their mean over all tokens."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


class Perplexity(Metric):
    """``exp`` of the mean loss per token, or its base-2 logarithm: bits per token (for characters, bits per character).

    torchmetrics' own needs all logits at once, which are never materialised for a large vocabulary.

    Args:
        bits: Report bits per token instead.
        options: Options of ``torchmetrics.Metric``.
    """

    higher_is_better = False
    full_state_update = False
    total: Tensor
    lost: Tensor
    count: Tensor

    def __init__(self, bits: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.bits = bits
        # Kahan summation: the sum and its rounding error in float32, as not every accelerator has float64.
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("lost", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, loss: Tensor, tokens: int) -> None:
        """Add the mean loss of a number of tokens, in nats."""
        part = loss.detach().float() * tokens - self.lost
        total = self.total + part
        self.lost = (total - self.total) - part
        self.total = total
        self.count += tokens

    def compute(self) -> Tensor:
        """Perplexity, or bits per token, so far."""
        mean = (self.total - self.lost) / self.count
        return mean / math.log(2) if self.bits else mean.exp()
