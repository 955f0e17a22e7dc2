"""The base of recommenders: pairs of users and items are scored, and learnt from ratings or from clicks.

A subclass defines a user's scores of items. Ratings are learnt by squared error; clicks (views, purchases) against items that
were not clicked on, see :mod:`.objectives.ranking`. Either way all items can be ranked for a user.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from ..objectives.objective import Objective
from ..objectives.ranking import Ranking, RankingLoss
from ..objectives.regression import Regression
from .optimizers import NamedOptimizer
from .ratings_batch import RatingsBatch
from .supervised import Supervised

log = logging.getLogger(__name__)

Loss = Literal["auto", "squared", "logistic", "bpr", "dns", "softmax"]
PAIRS_AT_ONCE = 1 << 16  # pairs that are scored at a time where all items are


def usual_l2(clicks: bool) -> float:
    """The penalty on vectors where none is given: of many clicks, or of ratings."""
    return 0.02 if clicks else 0.1


class Recommender(Supervised):
    """Base of modules that score pairs.

    Args:
        categories: Ids of users and of items, by column, in the order of their codes from 1; code 0 is unknown. Further columns
            may follow.
        target: For ratings: ``mean``, ``std``, ``min``, ``max``; ``None``: clicks.
        loss: For ratings ``squared`` error; for clicks ``logistic``, ``bpr``, ``dns`` or ``softmax``; ``auto``: squared, or
            softmax.
        bounded: Keep predicted ratings within their range, and a tenth beyond.
        optimizer: See :class:`.FineTunable`.
        lr: Likewise.

    Shape:
        Input: a :class:`.RatingsBatch`, or any named tuple of its fields. Output: ratings, or scores, ``[B]``.

    Raises:
        MisconfigurationException: Fewer than two columns of ids, or a loss for another kind of data.
    """

    def __init__(
        self,
        categories: Mapping[str, Sequence[str]],
        target: Mapping[str, float] | None,
        loss: Loss,
        bounded: bool,
        optimizer: NamedOptimizer,
        lr: float | None = None,
    ) -> None:
        name = type(self).__name__
        if loss not in get_args(Loss):
            raise MisconfigurationException(f"{name}: loss={loss}: choose {', '.join(get_args(Loss))}.")
        if len(categories) < 2:
            raise MisconfigurationException(f"{name}: needs two columns of ids: users and items.")
        if target is None and loss == "squared":
            raise MisconfigurationException(
                f"{name}: loss=squared needs ratings, but the data have clicks only (target is None); name their column."
            )
        if target is not None and loss not in ("auto", "squared"):
            raise MisconfigurationException(
                f"{name}: loss={loss} is for clicks, but the data have ratings; the data module can turn them into clicks "
                "(positive_threshold)."
            )
        objective: Objective
        if target is None:
            objective = Ranking(loss if loss in get_args(RankingLoss) else "softmax")  # type: ignore[arg-type]
        else:  # a rating's relative error means nothing: its scale has no zero
            objective = Regression(target, "squared", bounded=bounded, relative_metrics=False, clip=True)
        super().__init__(objective, optimizer, lr)
        self.categories = {column: list(levels) for column, levels in categories.items()}
        self.user, self.item = list(self.categories)[:2]

    # What a subclass defines ------------------------------------------------------------------------------------------

    @abstractmethod
    def score(self, codes: Tensor, items: Tensor) -> tuple[Tensor, Tensor | float]:
        """Score some items for the user of each row.

        Args:
            codes: Rows ``[B, 2 or more]``.
            items: Codes of items ``[B, n]``; the first column is the row's own.

        Returns:
            Scores ``[B, n]``, ratings standardised; and a penalty to add to a training step's loss, a mean over rows.
        """

    def user_scores(self, codes: Tensor) -> Tensor:
        """Scores of every item ``[B, items]`` for users ``[B]``, by code."""
        count, rows = self.item_count, []
        for code in codes:
            items = torch.arange(1, count + 1, device=codes.device)
            pairs = torch.stack([code.expand(count), items], 1)
            parts = zip(pairs.split(PAIRS_AT_ONCE), items.split(PAIRS_AT_ONCE), strict=True)
            rows.append(torch.cat([self.score(pair, item[:, None])[0].squeeze(1) for pair, item in parts]))
        return torch.stack(rows)

    # The rest ---------------------------------------------------------------------------------------------------------

    @property
    def item_count(self) -> int:
        """Number of known items."""
        return len(self.categories[self.item])

    @torch.no_grad()
    def scores(self, users: Tensor) -> Tensor:
        """Scores of every item ``[B, items]`` for users ``int64 [B]``, counted from 0; ratings standardised."""
        return self.user_scores((users + 1).to(self.device))

    def scores_to_ratings(self, scores: Tensor) -> Tensor:
        """Scores of any shape, as from :meth:`scores`, in the units of predictions; ratings within those of training."""
        return self.objective.predict(scores.reshape(-1, 1)).view(scores.shape)

    def in_rating_units(self, difference: Tensor) -> Tensor:
        """By how much a rating moves when a score of 0 becomes ``difference`` ``[N]``; for clicks, the difference itself."""
        if isinstance(self.objective, Ranking):
            return difference
        assert isinstance(self.objective, Regression)
        moved, still = self.objective.unclipped(torch.stack([difference, torch.zeros_like(difference)]).reshape(-1, 1)).chunk(2)
        return moved - still

    def _candidates(self, x: RatingsBatch) -> Tensor:
        own = x.codes[:, 1:2]
        return own if x.negatives is None else torch.cat([own, x.negatives.to(own.dtype)], 1)

    @torch.no_grad()
    def _hardest(self, codes: Tensor, negatives: Tensor) -> Tensor:
        """Of each row's negatives ``[B, n]`` the one with the highest score ``[B, 1]``."""
        scores = self.score(codes, negatives.to(codes.dtype))[0]
        return negatives.gather(1, scores.argmax(1, keepdim=True))

    def output(self, x: RatingsBatch) -> Tensor:
        """Scores of each row's item, and of its negatives ``[B, 1 or 1 + n]``."""
        return self.score(x.codes, self._candidates(x))[0]

    def forward(self, x: RatingsBatch) -> Tensor:
        """The rating, or the score, of each pair ``[B]``."""
        return self.scores_to_ratings(self.score(x.codes, x.codes[:, 1:2])[0].squeeze(1))

    def batch_loss(self, x: RatingsBatch, output: Tensor, target: Tensor) -> Tensor:
        """The objective's loss with the weights of rows and, for clicks, how likely each negative was to be drawn."""
        if isinstance(self.objective, Ranking):
            return self.objective.loss(output, target, x.weights, x.log_expected)
        assert isinstance(self.objective, Regression)
        return self.objective.loss(output, target, x.weights)

    def loss_weight(self, x: RatingsBatch, target: Tensor) -> Tensor | int:
        """The sum of the weights of rows, where they have weights; else their number."""
        return len(target) if x.weights is None else x.weights.sum()

    def training_step(self, batch: tuple[RatingsBatch, Tensor], batch_idx: int) -> Tensor:
        """Loss of one batch plus the module's penalty; logs ``train/loss``, which is without it."""
        x, y = batch
        if isinstance(self.objective, Ranking) and self.objective.kind == "dns" and x.negatives is not None:
            # The others would have no gradient of the loss, only a penalty.
            x = x._replace(negatives=self._hardest(x.codes, x.negatives), log_expected=None)
        output, penalty = self.score(x.codes, self._candidates(x))
        loss = self.batch_loss(x, output, y)
        self.log_train_loss(loss, batch_size=len(y))
        return loss + penalty

    def on_fit_start(self) -> None:
        """Log how much memory the training will take."""
        numbers = sum(each.numel() * each.element_size() for each in self.parameters())
        sparse = any(getattr(each, "sparse", False) for each in self.modules())
        states = sum(_states_per_weight(each) for each in self.trainer.optimizers)
        total = numbers * (1 + states + (0 if sparse else 1))
        more = "" if sparse else "gradients and "
        log.info(
            f"{len(self.categories[self.user]):,} users, {self.item_count:,} items: {_size(numbers)} of weights, {_size(total)} "
            f"with {more}the optimizer's state, {_size(total + numbers * (1 + states))} while the best checkpoint is read back."
        )


def _states_per_weight(optimizer: Any) -> int:
    """Numbers that an optimizer stores for each weight."""
    group = optimizer.param_groups[0]
    return 2 if "betas" in group else int(bool(group.get("momentum")))


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e8 else f"{count / 1e6:,.2f} MB"
