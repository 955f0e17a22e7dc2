"""Learning to rank from implicit feedback: what was clicked on against items that were not.

**What it does.** Nobody says what they dislike, so each click is compared with a few items drawn from the rest. ``logistic``:
each is a yes-or-no question of its own. ``bpr``: the click should score above each of the others. ``dns`` (dynamic negative
sampling): above the one of them that scores highest, as the rest is mostly learnt already. ``softmax``: it should be the one
chosen of *all* items; the sum over all is estimated from those drawn, each corrected for its probability of being drawn.

**When to use it.** Views, purchases, plays: softmax for a ranked list; logistic where a probability is needed; dns where
there are many items: of few, the hardest negative is too often one that the user is yet to choose.

**Sources.** Mikolov et al. 2013 and He et al. 2017 (logistic, sampled negatives); Rendle et al. 2009, "BPR"; Zhang et al.
2013, "Optimizing top-N collaborative filtering via dynamic negative item sampling"; Bengio & Senécal 2008 and Yi et al. 2019
(sampled softmax with correction).
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torch.nn import functional as F
from torchmetrics import MetricCollection

from ..metrics.pairwise_accuracy import PairwiseAccuracy
from .objective import Objective

RankingLoss = Literal["logistic", "bpr", "dns", "softmax"]


def ranking_loss(kind: RankingLoss, scores: Tensor, log_expected: Tensor | None = None) -> Tensor:
    """Per-example ranking loss ``[B]``.

    Args:
        kind: ``logistic``, ``bpr``, ``dns`` or ``softmax``.
        scores: Of the item that was clicked on, then of the negatives ``[B, 1 + n]``.
        log_expected: For softmax: the logarithm of each negative's expected count among the ``n`` ``[B, n]``. By default the
            negatives are taken as all other items.
    """
    scores = scores.float()
    positive, negatives = scores[:, :1], scores[:, 1:]
    if kind == "logistic":
        return F.softplus(-positive).squeeze(1) + F.softplus(negatives).mean(1)
    if kind == "bpr":
        return F.softplus(negatives - positive).mean(1)
    if kind == "dns":
        return F.softplus(negatives.max(1).values - positive.squeeze(1))
    if log_expected is not None:
        negatives = negatives - log_expected
    return torch.cat([positive, negatives], 1).logsumexp(1) - positive.squeeze(1)


class Ranking(Objective):
    """Ranking by scores ``[B, 1 + n]``, the first of the item that was clicked on.

    Args:
        kind: The loss, see :func:`ranking_loss`.
    """

    outputs = 1

    def __init__(self, kind: RankingLoss) -> None:
        super().__init__()
        self.kind = kind

    def loss(self, output: Tensor, target: Tensor, weights: Tensor | None = None, log_expected: Tensor | None = None) -> Tensor:
        """Mean of :func:`ranking_loss`, weighted by ``weights`` of rows ``[B]``; targets are ignored: every row is a click."""
        rows = ranking_loss(self.kind, output, log_expected)
        return rows.mean() if weights is None else (weights * rows).sum() / weights.sum().clamp(min=1e-12)

    def predict(self, output: Tensor) -> Tensor:
        """Scores; with ``logistic``, probabilities."""
        return output.float().sigmoid() if self.kind == "logistic" else output.float()

    def loss_of_predictions(self, predictions: Tensor, target: Tensor) -> Tensor:
        """Undefined: no score is right or wrong without those of other items.

        Raises:
            MisconfigurationException: Always.
        """
        raise MisconfigurationException("Ranking: clicks have no loss without sampled items; test the run on them instead.")

    def metrics(self) -> MetricCollection:
        """``pairwise_accuracy``."""
        return MetricCollection({"pairwise_accuracy": PairwiseAccuracy()}, compute_groups=False)

    def test_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """Nothing: no score is right or wrong by itself."""
        return {}

    def columns(self, predictions: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """``score`` of each row's own item."""
        return {"score": predictions[:, 0].tolist()}
