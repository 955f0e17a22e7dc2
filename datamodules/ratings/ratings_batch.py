"""The input of a recommender for one batch."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class RatingsBatch(NamedTuple):
    """Pairs of users and items.

    Attributes:
        codes: Users, items and side columns ``int32 [B, 2 + side]``; codes count from 1, 0 is unknown.
        weights: Weight of each row in the loss ``float32 [B]``; ``None``: all alike.
        negatives: For clicks, codes of items the user didn't click on ``int64 [B, n]``.
        log_expected: Logarithm of how often each of these is expected among the ``n`` drawn ``float32 [B, n]``.
    """

    codes: Tensor
    weights: Tensor | None = None
    negatives: Tensor | None = None
    log_expected: Tensor | None = None
