"""The inputs of a recommender's batch, by name."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class RatingsBatch(NamedTuple):
    """Inputs of a batch of ratings or clicks; batches are ``(RatingsBatch, targets)``.

    Attributes:
        codes: User, item and side columns ``int [B, 2 + side columns]``, from 1; 0 is unknown.
        weights: Weights of rows ``float [B]``.
        negatives: Of clicks: codes of items that were not clicked on ``int [B, n]``.
        log_expected: Logarithm of each negative's expected count among the ``n`` ``float [B, n]``.
    """

    codes: Tensor
    weights: Tensor | None = None
    negatives: Tensor | None = None
    log_expected: Tensor | None = None
