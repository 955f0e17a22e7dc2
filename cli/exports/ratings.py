"""A recommender that takes the ids of a user and an item, and gives the rating or the score."""

from __future__ import annotations

from typing import Any

import polars as pl
import torch
from practicum.datamodules.tabular.preprocessor import TablePreprocessor
from practicum.modules import DotProductBias
from practicum.modules.base.ratings_batch import RatingsBatch
from practicum.modules.dot_product_bias import TIME_BIN
from practicum.modules.objectives.ranking import Ranking
from torch import Tensor, nn

from .deployable import Call, Deployable
from .tables import category_input, raw_category


class PairScorer(nn.Module):
    """Ratings, or scores, ``[N]`` by codes ``int64 [N]``: of users, of items, and of what else the model reads.

    Args:
        model: A recommender. What depends on all that a user rated (SVD++) is computed once.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.by_product = isinstance(model, DotProductBias)
        if self.by_product:
            every = torch.arange(model.users.num_embeddings)
            with torch.no_grad():
                users = torch.cat([model.user_rows(part) for part in every.split(1 << 14)])
            self.register_buffer("users", users)

    def forward(self, *codes: Tensor) -> Tensor:
        """The ratings."""
        pairs = torch.stack(codes, 1)
        scores = self._product(pairs) if self.by_product else self.model.score(pairs, pairs[:, 1:2])[0]
        predicted = self.model.objective.predict(scores)
        return predicted[:, 0] if predicted.ndim > 1 else predicted

    def _product(self, pairs: Tensor) -> Tensor:
        users: Any = self.users
        user, item = users[pairs[:, 0]], self.model.items.weight[pairs[:, 1]]
        scores = (user[:, 1:] * item[:, 1:]).sum(1) + user[:, 0] + item[:, 0]
        if pairs.shape[1] > 2:
            scores = scores + self.model.drift.weight[pairs[:, 1] * self.model.bins + pairs[:, 2], 0]
        return scores[:, None]


def rating_deployable(model: Any, steps: TablePreprocessor, pairs: pl.DataFrame) -> Deployable:
    """A recommender, ready to be exported.

    Args:
        model: The module.
        steps: The preprocessing fitted in training.
        pairs: Pairs to check it on, with all columns that training had, read as training read them.
    """
    names = [*steps.categorical]  # a network reads the side columns of users and items that training had not
    if isinstance(model, DotProductBias):
        names = [model.user, model.item, *([TIME_BIN] if TIME_BIN in names else [])]
    inputs = {name: category_input(name, steps.categorical[name]) for name in names}
    raw = {name: raw_category(pairs[name], steps.categorical[name]) for name in names}
    codes = torch.from_numpy(steps.transform(pairs, "the run's pairs")[0])
    wanted = model.objective.predict(model.output(RatingsBatch(codes)))
    ranks = isinstance(model.objective, Ranking)
    output = "score" if ranks else "prediction"
    wanted = wanted[:, 0] if wanted.ndim > 1 else wanted
    return Deployable("ratings", PairScorer(model), inputs, output, [Call(raw, wanted)])
