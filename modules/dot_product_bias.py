"""Collaborative filtering by matrix factorization: a rating is the product of a user's and an item's vector, plus two biases.

**What it does.** Each user and each item has a vector and a bias, learnt from ratings or clicks alone; a rating is predicted as
the mean, plus both biases, plus the dot product of the vectors. Optionally a user's vector is helped by *which* items they
rated, whatever the ratings (``implicit``: SVD++), and an item's bias may change with time (where the data have ``time_bin``).

**When to use it.** Ratings of items by users, with nothing known about either.

**Defaults.** 64 factors; squared error; an L2 penalty of .1 on each vector and bias *of each rating's* user and item. So what is
rated often is penalised as often as it is fitted, and the strength of the penalty matters most: on a held-out tenth of u1.base of
MovieLens 100K the error is .952 with .04, .915 with .08, .910 with .1 and .12. A penalty on each vector once, however often it is
rated, is the optimizer's ``weight_decay``.

**Sources.** Koren, Bell & Volinsky 2009, "Matrix factorization techniques for recommender systems" (equation 5 has the penalty);
Koren 2008, "Factorization meets the neighborhood" (equation 15: SVD++); fast.ai's ``EmbeddingDotBias``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SparseAdam

from .base.check_options import at_least, check_options
from .base.fine_tunable import LayerGroup
from .base.optimizers import NamedOptimizer
from .base.recommender import Loss, Recommender, usual_l2
from .layers.fold_in import fold_in_clicks, fold_in_ratings
from .objectives.regression import Regression

TIME_BIN = "time_bin"  # the column of time bins


class DotProductBias(Recommender):
    """Predicts ratings of pairs, or ranks items.

    Args:
        categories: Users and items: ids of each, by column, in the order of their codes from 1; code 0 is unknown. The first
            two columns are used, and ``time_bin`` if there is one.
        target: For ratings: ``mean``, ``std``, ``min``, ``max``; ``None``: clicks.
        factors: Size of the vectors.
        l2: Penalty on the squared norms of the vectors and biases of each rating's user and item; ``None``: .1 for ratings, .02
            for clicks, of which data modules suggest another one where they are few.
        implicit: Help a user's vector by a vector of each item they rated (SVD++).
        time_l2: Penalty on the square of how far an item's bias in a time bin is from its own.
        loss: See :class:`.Recommender`.
        bounded: Squeeze predictions with a sigmoid into the range of the ratings, and a tenth beyond (fast.ai's ``y_range``).
        sparse: Compute gradients of a batch's rows only, for millions of users; needs :class:`torch.optim.SparseAdam`.
        optimizer: See :class:`.FineTunable`.
        lr: Likewise.

    Shape:
        See :class:`.Recommender`.

    Raises:
        MisconfigurationException: A number out of range, fewer than two columns of ids, or an optimizer without support for
            sparse gradients.

    Example:
        >>> import torch
        >>> from practicum.modules import DotProductBias
        >>> ids = {"user": ["ann", "bob"], "item": ["x", "y", "z"]}
        >>> model = DotProductBias(ids, target={"mean": 3.5, "std": 1.1, "min": 1.0, "max": 5.0}, factors=4)
        >>> scores = model.scores(torch.tensor([0, 1]))  # of every item, for ann and bob
        >>> scores.shape
        torch.Size([2, 3])
        >>> model.scores_to_ratings(scores).shape
        torch.Size([2, 3])
        >>> model.fold_in(items=torch.tensor([1, 3]), ratings=torch.tensor([5.0, 2.0])).shape  # somebody new
        torch.Size([5])
    """

    history: Tensor
    history_starts: Tensor

    def __init__(
        self,
        categories: Mapping[str, Sequence[str]],
        target: Mapping[str, float] | None = None,
        factors: int = 64,
        l2: float | None = None,
        implicit: bool = False,
        time_l2: float = 3.0,
        loss: Loss = "auto",
        bounded: bool = False,
        sparse: bool = False,
        optimizer: NamedOptimizer = None,
        lr: float | None = None,
    ) -> None:
        super().__init__(categories, target, loss, bounded, optimizer, lr)
        l2 = usual_l2(target is None) if l2 is None else l2
        check_options("DotProductBias", *at_least(1, factors=factors), *at_least(0, l2=l2, time_l2=time_l2))
        self.save_hyperparameters(ignore=["optimizer", "lr"], logger=False)
        self.l2, self.time_l2 = l2, time_l2
        self.implicit, self.sparse = implicit, sparse
        users, items = (len(self.categories[column]) + 1 for column in (self.user, self.item))
        # A vector and its bias share one row, so that they are one look-up; row 0 is for unknown ids and stays zero.
        self.users = nn.Embedding(users, factors + 1, padding_idx=0, sparse=sparse)
        self.items = nn.Embedding(items, factors + 1, padding_idx=0, sparse=sparse)
        for table in (self.users, self.items):
            nn.init.normal_(table.weight, std=0.1)
            with torch.no_grad():
                table.weight[:, 0] = 0  # the bias
                table.weight[0] = 0
        self.time_column = list(self.categories).index(TIME_BIN) if TIME_BIN in self.categories else None
        self.bins = 1 + len(self.categories.get(TIME_BIN, ()))
        self.categories = {column: self.categories[column] for column in (self.user, self.item)}
        if self.time_column is not None:
            self.drift = nn.Embedding(items * self.bins, 1, sparse=sparse)  # of an item's bias, in each time bin
            nn.init.zeros_(self.drift.weight)
        if implicit:
            self.rated = nn.Embedding(items, factors, padding_idx=0, sparse=sparse)
            nn.init.zeros_(self.rated.weight)
            self.register_buffer("history", torch.zeros(0, dtype=torch.int64))  # items of each user, user by user
            self.register_buffer("history_starts", torch.zeros(users + 1, dtype=torch.int64))

    # Which items each user rated --------------------------------------------------------------------------------------

    def setup(self, stage: str) -> None:
        """Check the optimizer and, for ``implicit``, take from the data module which items each user rated."""
        if stage != "fit":
            return
        kind = getattr(self._optimizer, "func", self._optimizer)
        if self.sparse and kind is not SparseAdam:
            raise MisconfigurationException(
                "DotProductBias: sparse=True needs an optimizer for sparse gradients, torch.optim.SparseAdam (sparse_adam)."
            )
        if not self.sparse and kind is SparseAdam:
            raise MisconfigurationException("DotProductBias: the optimizer SparseAdam needs sparse=True.")
        if self.implicit:
            data: Any = getattr(self.trainer, "datamodule", None)
            if not hasattr(data, "pairs"):
                raise MisconfigurationException("DotProductBias: implicit=True needs a data module with pairs(split).")
            self.set_history(*data.pairs("train"))

    def set_history(self, users: Tensor, items: Tensor) -> None:
        """Store which items ``int64 [N]`` each of users ``int64 [N]`` rated, both counted from 0."""
        order = users.argsort(stable=True)
        counts = torch.bincount(users + 1, minlength=self.users.num_embeddings)
        device = self.users.weight.device
        self.history = (items[order] + 1).to(device)
        self.history_starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)]).to(device)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Resize `history` to the checkpoint's before loading it."""
        super().on_load_checkpoint(checkpoint)
        if self.implicit:
            self.history = torch.zeros_like(checkpoint["state_dict"]["history"])

    def _implicit_vectors(self, users: Tensor) -> Tensor:
        """SVD++'s part of users' vectors ``[B, factors]``: the sum over the items they rated, by the root of their number."""
        unique, place = users.unique(return_inverse=True)
        starts, counts = self.history_starts[unique], self.history_starts[unique + 1] - self.history_starts[unique]
        offsets = counts.cumsum(0) - counts
        positions = torch.arange(int(counts.sum()), device=users.device) + (starts - offsets).repeat_interleave(counts)
        sums = F.embedding_bag(self.history[positions], self.rated.weight, offsets, mode="sum", sparse=self.sparse)
        return (sums * counts.clamp(min=1).rsqrt()[:, None])[place]

    def user_rows(self, codes: Tensor) -> Tensor:
        """Bias and vector of users ``[B, 1 + factors]``."""
        rows = self.users(codes)
        return torch.cat([rows[:, :1], rows[:, 1:] + self._implicit_vectors(codes.long())], 1) if self.implicit else rows

    # Scores -----------------------------------------------------------------------------------------------------------

    def score(self, codes: Tensor, items: Tensor) -> tuple[Tensor, Tensor | float]:
        """Scores ``[B, n]``, ratings standardised; and the L2 penalty of the rows that were looked up."""
        single = items.shape[1] == 1
        user, item = self.user_rows(codes[:, 0]), self.items(items.squeeze(1) if single else items)
        if single:
            scores = (user[:, 1:] * item[:, 1:]).sum(1) + user[:, 0] + item[:, 0]
        else:
            scores = (item[:, :, 1:] @ user[:, 1:, None]).squeeze(2) + user[:, :1] + item[:, :, 0]
        scores = scores.view(len(codes), -1)
        penalty = self.l2 * (user.square().sum() + item.square().sum())
        if self.time_column is not None and codes.shape[1] > self.time_column:
            drift = self.drift(items.long() * self.bins + codes[:, self.time_column, None].long()).squeeze(2)
            # A penalty that grows with the ratings of a cell shrinks full and empty cells alike, so it is a strong one.
            scores, penalty = scores + drift, penalty + self.time_l2 * drift.square().sum()
        return scores, penalty / len(codes)

    def user_scores(self, codes: Tensor) -> Tensor:
        """Scores of every item ``[B, items]`` for users ``[B]``, by code: one matrix product; time is ignored."""
        user, items = self.user_rows(codes), self.items.weight[1:]
        return user[:, 1:] @ items[:, 1:].T + user[:, :1] + items[:, 0]

    # What was learnt --------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def factors(self) -> tuple[Tensor, Tensor]:
        """Vectors of users and items with their biases ``[N, factors + 2]``: the product of two is the pair's score."""
        every = torch.arange(1, self.users.num_embeddings, device=self.users.weight.device)
        user = torch.cat([self.user_rows(part) for part in every.split(1 << 14)])
        item = self.items.weight[1:]
        ones = torch.ones(1, 1, device=item.device)
        return (
            torch.cat([user[:, 1:], user[:, :1], ones.expand(len(user), 1)], 1),
            torch.cat([item[:, 1:], ones.expand(len(item), 1), item[:, :1]], 1),
        )

    @torch.no_grad()
    def fold_in(self, items: Tensor, ratings: Tensor | None = None) -> Tensor:
        """Bias and vector of a user who was not there in training, from what they rated: the minimum of the same loss.

        See :mod:`.layers.fold_in`. With ``implicit`` the penalty is on the sum of the vector and its implicit part, and the
        minimum is the same; with ``bounded`` ratings are passed through the inverse of the sigmoid.

        Args:
            items: Codes ``int64 [n]``, from 1; 0 is ignored.
            ratings: In their own units ``[n]``; ``None`` for clicks.

        Returns:
            ``[1 + factors]``; zeros where no item is known.
        """
        known = items > 0
        items = items[known]
        row = torch.zeros(self.users.embedding_dim, dtype=torch.float64)
        if not len(items):
            return row.float()
        rows = self.items.weight.detach().double().cpu()
        vectors, biases = rows[items, 1:], rows[items, 0]
        if ratings is None:
            row[1:] = fold_in_clicks(vectors, rows[1:, 1:], self.l2)
            return row.float()
        assert isinstance(self.objective, Regression)
        return fold_in_ratings(vectors, self.objective.inverse(ratings[known].double()) - biases, self.l2).float()

    def embedding_table(self, column: str) -> Tensor:
        """Vectors of users or items ``[N, factors]``, without the unknown one."""
        table = self.users if column == self.user else self.items
        return table.weight[1:, 1:].detach()

    def bias(self, column: str) -> Tensor:
        """By how much each user or item is rated above the mean, in the ratings' units ``[N]``; for clicks, the bias itself."""
        table = self.users if column == self.user else self.items
        return self.in_rating_units(table.weight[1:, 0].detach())

    def layer_groups(self) -> list[LayerGroup]:
        """A single group: users' and items' vectors are one layer."""
        more = [getattr(self, name) for name in ("drift", "rated") if hasattr(self, name)]
        return [[self.users, self.items, *more]]
