"""Collaborative filtering by factors: what a person thinks of a thing is a product of two vectors, and two biases.

**What it does.** Each user and each item has a vector and a bias that are learnt from ratings, or from clicks, alone; a rating is
predicted as the mean, plus both biases, plus the product of the vectors. By choice a user's vector is helped by *which* items
they rated, whatever the ratings (``implicit``: SVD++), and an item's bias may change with time (where the data give
``time_bin``).

**When to use it.** Ratings of items by users, and nothing known of either.

**Defaults.** 64 factors; squared error; a penalty of .1 on the squared norm of each vector and bias *of each rating's* user and
item. So what is often rated is penalised as often as it is fitted, and its strength decides all: on a held-out tenth of u1.base
of MovieLens 100K the error is .952 with .04, .915 with .08, .910 with .1 and .12. A penalty on each vector once, however often
it is rated, is the optimizer's ``weight_decay``.

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

from .base.fine_tunable import LayerGroup, OptimizerFactory
from .base.recommender import Loss, Recommender
from .objectives.objective import Regression

TIME_BIN = "time_bin"  # the column that says when


class DotProductBias(Recommender):
    """Predicts ratings of pairs, or ranks items.

    Args:
        categories: Users and items: ids of each, by column, in the order of their codes from 1; code 0 is unknown. The first two
            columns are taken, and ``time_bin`` where there is one.
        target: Of ratings: ``mean``, ``std``, ``min``, ``max``; ``None``: clicks.
        sides: What is known of users and items; not looked at, see :class:`.NeuralCollaborativeFilter`.
        factors: Length of the vectors.
        penalty: On the squared norms of the vectors and biases of each rating's user and item.
        implicit: Help a user's vector by a vector of each item they rated (SVD++).
        time_penalty: On the square of how far an item's bias in a stretch of time lies from its own.
        loss: See :class:`.Recommender`.
        bounded: Squeeze predictions by a sigmoid into the range of the ratings, and a tenth beyond (fast.ai's ``y_range``).
        sparse: Let gradients hold the rows of a batch alone, for millions of users; wants ``optimizer=sparse_adam``.
        optimizer: See :class:`.FineTunable`.

    Shape:
        See :class:`.Recommender`.

    Raises:
        MisconfigurationException: A number out of range, no two columns of ids, or an optimizer that takes no sparse gradients.
    """

    history: Tensor
    history_starts: Tensor

    def __init__(
        self,
        categories: Mapping[str, Sequence[str]],
        target: Mapping[str, float] | None = None,
        sides: Mapping[str, Any] | None = None,
        factors: int = 64,
        penalty: float = 0.1,
        implicit: bool = False,
        time_penalty: float = 3.0,
        loss: Loss = "auto",
        bounded: bool = False,
        sparse: bool = False,
        optimizer: OptimizerFactory | None = None,
    ) -> None:
        super().__init__(categories, target, loss, bounded, optimizer)
        for option, value, valid in (
            ("factors", factors, factors >= 1),
            ("penalty", penalty, penalty >= 0),
            ("time_penalty", time_penalty, time_penalty >= 0),
        ):
            if not valid:
                raise MisconfigurationException(f"model.{option}={value} is out of range.")
        self.save_hyperparameters(ignore=["optimizer", "sides"], logger=False)
        self.penalty, self.time_penalty = penalty, time_penalty
        self.implicit, self.sparse = implicit, sparse
        users, items = (len(self.categories[column]) + 1 for column in (self.user, self.item))
        # A vector and its bias lie in one row, so that a look-up is one; row 0 is of those unknown, and stays zero.
        self.users = nn.Embedding(users, factors + 1, padding_idx=0, sparse=sparse)
        self.items = nn.Embedding(items, factors + 1, padding_idx=0, sparse=sparse)
        for table in (self.users, self.items):
            nn.init.normal_(table.weight, std=0.1)
            with torch.no_grad():
                table.weight[:, 0] = 0  # the bias
                table.weight[0] = 0
        self.when = list(self.categories).index(TIME_BIN) if TIME_BIN in self.categories else None
        self.bins = 1 + len(self.categories.get(TIME_BIN, ()))
        self.categories = {column: self.categories[column] for column in (self.user, self.item)}
        if self.when is not None:
            self.drift = nn.Embedding(items * self.bins, 1, sparse=sparse)  # of an item's bias, in each bin of time
            nn.init.zeros_(self.drift.weight)
        if implicit:
            self.rated = nn.Embedding(items, factors, padding_idx=0, sparse=sparse)
            nn.init.zeros_(self.rated.weight)
            self.register_buffer("history", torch.zeros(0, dtype=torch.int64))  # items of each user, user by user
            self.register_buffer("history_starts", torch.zeros(users + 1, dtype=torch.int64))

    # Which items each user rated --------------------------------------------------------------------------------------

    def setup(self, stage: str) -> None:
        """Take from the data which items each user rated, for ``implicit``."""
        if stage != "fit":
            return
        kinds = getattr(self._optimizer, "func", self._optimizer)
        if self.sparse and kinds is not SparseAdam:
            raise MisconfigurationException(
                "model.sparse=true wants an optimizer for sparse gradients, optimizer=sparse_adam; experiment=ratings_large has "
                "both."
            )
        if not self.sparse and kinds is SparseAdam:
            raise MisconfigurationException("optimizer=sparse_adam wants model.sparse=true.")
        if self.implicit:
            data: Any = getattr(self.trainer, "datamodule", None)
            if not hasattr(data, "pairs"):
                raise MisconfigurationException("model.implicit=true needs a data module with pairs(split).")
            self.take_history(*data.pairs("train"))

    def take_history(self, users: Tensor, items: Tensor) -> None:
        """Remember which items ``int64 [N]`` each of users ``int64 [N]`` rated, both counted from 0."""
        order = users.argsort(stable=True)
        counts = torch.bincount(users + 1, minlength=self.users.num_embeddings)
        device = self.users.weight.device
        self.history = (items[order] + 1).to(device)
        self.history_starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)]).to(device)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Make room for what users rated."""
        super().on_load_checkpoint(checkpoint)
        if self.implicit:
            self.history = torch.zeros_like(checkpoint["state_dict"]["history"])

    def _helped(self, users: Tensor) -> Tensor:
        """What the items that users ``[B]`` rated add to their vectors ``[B, factors]``: the sum by the root of how many."""
        each, place = users.unique(return_inverse=True)
        starts, counts = self.history_starts[each], self.history_starts[each + 1] - self.history_starts[each]
        offsets = counts.cumsum(0) - counts
        taken = torch.arange(int(counts.sum()), device=users.device) + (starts - offsets).repeat_interleave(counts)
        sums = F.embedding_bag(self.history[taken], self.rated.weight, offsets, mode="sum", sparse=self.sparse)
        return (sums * counts.clamp(min=1).rsqrt()[:, None])[place]

    def user_rows(self, codes: Tensor) -> Tensor:
        """Bias and vector of users ``[B, 1 + factors]``."""
        rows = self.users(codes)
        return torch.cat([rows[:, :1], rows[:, 1:] + self._helped(codes.long())], 1) if self.implicit else rows

    # Scores -----------------------------------------------------------------------------------------------------------

    def scored(self, codes: Tensor, items: Tensor) -> tuple[Tensor, Tensor | float]:
        """Scores ``[B, n]``, ratings standardised; and the penalty of the rows that were looked up."""
        alone = items.shape[1] == 1
        user, item = self.user_rows(codes[:, 0]), self.items(items.squeeze(1) if alone else items)
        if alone:
            scores = (user[:, 1:] * item[:, 1:]).sum(1) + user[:, 0] + item[:, 0]
        else:
            scores = (item[:, :, 1:] @ user[:, 1:, None]).squeeze(2) + user[:, :1] + item[:, :, 0]
        scores = scores.view(len(codes), -1)
        squares = self.penalty * (user.square().sum() + item.square().sum())
        if self.when is not None and codes.shape[1] > self.when:
            drift = self.drift(items.long() * self.bins + codes[:, self.when, None].long()).squeeze(2)
            # A penalty that grows with the ratings of a cell shrinks full and empty cells alike, so it is a strong one.
            scores, squares = scores + drift, squares + self.time_penalty * drift.square().sum()
        return scores, squares / len(codes)

    def user_scores(self, codes: Tensor) -> Tensor:
        """What users ``[B]``, by code, think of every item ``[B, items]``: one product; time is left out of account."""
        user, items = self.user_rows(codes), self.items.weight[1:]
        return user[:, 1:] @ items[:, 1:].T + user[:, :1] + items[:, 0]

    # What has been learnt ---------------------------------------------------------------------------------------------

    @torch.no_grad()
    def factors(self) -> tuple[Tensor, Tensor]:
        """Users' and items' vectors ``[N, factors + 2]``, with the biases: the product of two is the score of the pair."""
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
        """Bias and vector of somebody who was not there in training, from what they rated: the least of the same loss, in closed
        form.

        Of ratings: ``(Z'Z + penalty n I) w = Z'(r - b)``, with a row ``(1, q)`` in Z for each rating (with ``implicit`` too: the
        penalty is on the vector with its help, and the least of it does not depend on that; with ``bounded`` r is what becomes
        the rating when it is squeezed). Of clicks every item counts a little
        as not chosen, those clicked on fully as chosen (Hu, Koren & Volinsky 2008).

        Args:
            items: Codes ``int64 [n]``, from 1; 0 is left out.
            ratings: In their own units ``[n]``; ``None`` of clicks.

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
            whole = rows[1:, 1:]
            weak = len(items) / len(whole)  # so that all others weigh as much together as those clicked on
            matrix = weak * whole.T @ whole + vectors.T @ vectors
            matrix += torch.eye(len(matrix)) * max(self.penalty, 1e-6) * len(items)
            row[1:] = torch.linalg.solve(matrix, vectors.sum(0))
            return row.float()
        objective = self.objective
        assert isinstance(objective, Regression)
        left = objective.raw(ratings[known].double()) - biases
        design = torch.cat([torch.ones(len(items), 1, dtype=torch.float64), vectors], 1)
        strength = torch.eye(design.shape[1], dtype=torch.float64) * self.penalty * len(items)
        row = torch.linalg.solve(design.T @ design + strength, design.T @ left)
        return row.float()

    def embedding_table(self, column: str) -> Tensor:
        """The vectors of users or items ``[N, factors]``, without that of unknown."""
        table = self.users if column == self.user else self.items
        return table.weight[1:, 1:].detach()

    def bias(self, column: str) -> Tensor:
        """By how much each user or item is rated above the mean, in the ratings' units ``[N]``; of clicks as it is."""
        table = self.users if column == self.user else self.items
        return self.in_units(table.weight[1:, 0].detach())

    def layer_groups(self) -> list[LayerGroup]:
        """All of it: users' and items' vectors are one layer."""
        more = [getattr(self, name) for name in ("drift", "rated") if hasattr(self, name)]
        return [[self.users, self.items, *more]]
