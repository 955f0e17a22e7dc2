"""Perplexity of a language model, from losses: the exponential of their mean over all tokens."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric


class Perplexity(Metric):
    """``exp`` of the mean loss a token; in bits, its logarithm to base 2 (bits per character, where tokens are those).

    torchmetrics' own wants all logits at once, which for a large vocabulary are not held at any time.

    Args:
        bits: Give bits a token instead.
    """

    higher_is_better = False
    full_state_update = False
    total: Tensor
    lost: Tensor
    count: Tensor

    def __init__(self, bits: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.bits = bits
        # Two numbers in 32 bit hold as much as one in 64, which not every accelerator has: the sum and what it lost by rounding.
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("lost", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, loss: Tensor, tokens: int) -> None:
        """Take the mean loss of that many tokens, in nats."""
        part = loss.detach().float() * tokens - self.lost
        total = self.total + part
        self.lost = (total - self.total) - part
        self.total = total
        self.count += tokens

    def compute(self) -> Tensor:
        """Of all so far."""
        mean = (self.total - self.lost) / self.count
        return mean / math.log(2) if self.bits else mean.exp()
