"""Losses of clicks: what was clicked on against items that were not.

**What it does.** Nothing says that somebody dislikes what they never clicked on, so each click is set beside a few items drawn
from the rest. ``logistic``: each is a yes or a no of its own. ``bpr``: the click should lie above each of the others.
``softmax``: it should be the one chosen of *all* items; the sum over all is estimated from those drawn, each counted by how
unlikely it was to be drawn (the popularity correction).

**When to use it.** Views, purchases, plays: softmax for a ranked list; logistic where a probability is wanted.

**Sources.** Mikolov et al. 2013 and He et al. 2017 (logistic, sampled negatives); Rendle et al. 2009, "BPR"; Bengio & Senécal
2008 and Yi et al. 2019 (sampled softmax, corrected).
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics import Metric, MetricCollection

RankingLoss = Literal["logistic", "bpr", "softmax"]


def ranking_loss(kind: RankingLoss, scores: Tensor, expected: Tensor | None = None) -> Tensor:
    """Of each row ``[B]``.

    Args:
        kind: Which.
        scores: Of the item that was clicked on, then of others ``[B, 1 + n]``.
        expected: For softmax: the logarithm of how often each of the others was to be expected among the ``n`` ``[B, n]``.
            Default: as if these were all there are.
    """
    scores = scores.float()
    chosen, others = scores[:, :1], scores[:, 1:]
    if kind == "logistic":
        return F.softplus(-chosen).squeeze(1) + F.softplus(others).mean(1)
    if kind == "bpr":
        return F.softplus(others - chosen).mean(1)
    if expected is not None:
        others = others - expected
    return torch.cat([chosen, others], 1).logsumexp(1) - chosen.squeeze(1)


class PairwiseAccuracy(Metric):
    """Share of the other items that lie below the one clicked on; a tie counts half. A sampled AUC, by rows."""

    higher_is_better = True
    full_state_update = False
    below: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("below", torch.tensor(0), dist_reduce_fx="sum")  # twice, so that ties are whole numbers too
        self.add_state("count", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, scores: Tensor, target: Tensor) -> None:
        """Take scores ``[B, 1 + n]``; targets are not looked at: the first is the one."""
        chosen, others = scores[:, :1], scores[:, 1:]
        self.below += (chosen > others).sum() + (chosen >= others).sum()
        self.count += others.numel()

    def compute(self) -> Tensor:
        """The share."""
        return self.below / (2 * self.count)


class Clicks:
    """The objective of clicks, see :class:`.Objective`: scores ``[B, 1 + n]``, the first of what was clicked on.

    Args:
        kind: The loss.
    """

    outputs = 1

    def __init__(self, kind: RankingLoss) -> None:
        self.kind = kind

    def loss(self, output: Tensor, y: Tensor, expected: Tensor | None = None, weights: Tensor | None = None) -> Tensor:
        """A scalar; see :func:`ranking_loss`. ``weights`` of rows ``[B]``."""
        rows = ranking_loss(self.kind, output, expected)
        return rows.mean() if weights is None else (weights * rows).sum() / weights.sum().clamp(min=1e-12)

    def prediction(self, output: Tensor) -> Tensor:
        """Scores; probabilities, of ``logistic``."""
        return output.float().sigmoid() if self.kind == "logistic" else output.float()

    def result(self, output: Tensor) -> Tensor:
        """The score of each row's own item ``[B]``."""
        return self.prediction(output)[:, 0]

    def metrics(self) -> MetricCollection:
        """``pairwise_accuracy``."""
        return MetricCollection({"pairwise_accuracy": PairwiseAccuracy()}, compute_groups=False)

    def measured(self, prediction: Tensor) -> Tensor:
        """All scores."""
        return prediction

    def table(self, prediction: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """``score``."""
        return {"score": prediction[:, 0].tolist()}

    def step_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """Nothing."""
        return {}
