"""What recommenders share: pairs of users and items are scored, and learnt from as ratings or as clicks.

A subclass says what a user's score of some items is. Ratings are learnt by their squared error; clicks (views, purchases) against
items that were not clicked on, see :mod:`.ranking_loss`. Either way all items can be ranked for a user.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torchmetrics import Metric, MetricCollection

from ..objectives.objective import Objective, Regression
from ..objectives.ranking import Clicks, RankingLoss
from .fine_tunable import OptimizerFactory
from .supervised import Supervised

log = logging.getLogger(__name__)

Loss = Literal["auto", "squared", "logistic", "bpr", "softmax"]
_ROWS = 1 << 16  # pairs that are scored at a time, where all items are


class Recommender(Supervised):
    """Base of modules that score pairs.

    Args:
        categories: Ids of users and of items, by column, in the order of their codes from 1; code 0 is unknown. Further columns
            may follow.
        target: Of ratings: ``mean``, ``std``, ``min``, ``max``; ``None``: clicks.
        loss: ``squared`` error of ratings; of clicks ``logistic``, ``bpr`` or ``softmax``; ``auto``: squared, or softmax.
        bounded: Keep predicted ratings within their range, and a tenth beyond.
        optimizer: See :class:`.FineTunable`.

    Shape:
        Input: codes ``int [B, 2 or more]`` and numbers ``[B, 0]``, or the weight of each row ``[B, 1]``; of clicks also items
        that were not clicked on ``int [B, n]``, as codes, and the logarithm of how often each was to be expected among them
        ``[B, n]``. Output: ratings, or scores, ``[B]``.

    Raises:
        MisconfigurationException: No two columns of ids, or a loss that these data do not have.
    """

    def __init__(
        self,
        categories: Mapping[str, Sequence[str]],
        target: Mapping[str, float] | None,
        loss: Loss,
        bounded: bool,
        optimizer: OptimizerFactory | None,
    ) -> None:
        if loss not in get_args(Loss):
            raise MisconfigurationException(f"model.loss={loss}: choose {', '.join(get_args(Loss))}.")
        if len(categories) < 2:
            raise MisconfigurationException(f"{type(self).__name__} needs two columns of ids: users and items.")
        if target is None and loss == "squared":
            raise MisconfigurationException("model.loss=squared wants ratings: name their column, data.rating=COLUMN.")
        if target is not None and loss not in ("auto", "squared"):
            raise MisconfigurationException(f"model.loss={loss} is for clicks: say data.rating=null, or data.liked_from=4.")
        objective: Objective
        if target is None:
            objective = Clicks(loss if loss in get_args(RankingLoss) else "softmax")  # type: ignore[arg-type]
        else:
            objective = Regression(target, "squared", bounded=bounded)
        # A rating's relative error means nothing: its scale has no zero.
        metrics: dict[str, Metric | MetricCollection] = {
            name: metric for name, metric in objective.metrics().items() if name not in ("rmspe", "mape")
        }
        super().__init__(MetricCollection(metrics, compute_groups=False), optimizer)
        self.objective = objective
        self.categories = {column: list(levels) for column, levels in categories.items()}
        self.user, self.item = list(self.categories)[:2]

    # What a subclass says ---------------------------------------------------------------------------------------------

    @abstractmethod
    def scored(self, codes: Tensor, items: Tensor) -> tuple[Tensor, Tensor | float]:
        """What users think of some items each.

        Args:
            codes: Of rows ``[B, 2 or more]``.
            items: Codes of items ``[B, n]``; the first column is the row's own.

        Returns:
            Scores ``[B, n]``, ratings standardised; and what is added to a training step's loss, a mean over rows.
        """

    def user_scores(self, codes: Tensor) -> Tensor:
        """What users ``[B]``, by code, think of every item ``[B, items]``."""
        count, rows = self.item_count, []
        for code in codes:
            items = torch.arange(1, count + 1, device=codes.device)
            pairs = torch.stack([code.expand(count), items], 1)
            parts = zip(pairs.split(_ROWS), items.split(_ROWS), strict=True)
            rows.append(torch.cat([self.scored(pair, item[:, None])[0].squeeze(1) for pair, item in parts]))
        return torch.stack(rows)

    # The rest ---------------------------------------------------------------------------------------------------------

    @property
    def item_count(self) -> int:
        """Items that are known."""
        return len(self.categories[self.item])

    @torch.no_grad()
    def scores(self, users: Tensor) -> Tensor:
        """What users ``int64 [B]``, counted from 0, think of every item ``[B, items]``; ratings standardised."""
        return self.user_scores((users + 1).to(self.device))

    def rating_of_score(self, scores: Tensor) -> Tensor:
        """Scores of :meth:`scores` in the units of predictions."""
        return self.objective.result(scores.reshape(-1, 1)).view(scores.shape)

    def in_units(self, difference: Tensor) -> Tensor:
        """By how much a rating is moved when a score of 0 becomes ``difference`` ``[N]``; of clicks the difference itself."""
        if isinstance(self.objective, Clicks):
            return difference
        return self.rating_of_score(difference) - self.rating_of_score(torch.zeros_like(difference))

    def _candidates(self, x: Sequence[Tensor]) -> Tensor:
        own = x[0][:, 1:2]
        return own if len(x) < 3 else torch.cat([own, x[2].to(own.dtype)], 1)

    def output(self, x: Sequence[Tensor]) -> Tensor:
        """Scores of each row's item, and of those beside it that were not clicked on ``[B, 1 or 1 + n]``."""
        return self.scored(x[0], self._candidates(x))[0]

    def forward(self, x: Sequence[Tensor]) -> Tensor:
        """The rating, or the score, of each pair ``[B]``."""
        return self.objective.result(self.output(x[:2]))

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        """As the objective has it, each row once."""
        return self.objective.loss(output, y)

    def loss_of(self, x: Sequence[Tensor], output: Tensor, y: Tensor) -> Tensor:
        """With how likely each of the other items was to be drawn, and the rows' weights, where there are any."""
        expected = x[3] if len(x) > 3 else None
        weights = x[1][:, 0] if x[1].shape[1] else None
        if isinstance(self.objective, Clicks):
            return self.objective.loss(output, y, expected, weights)
        if weights is None:
            return self.loss(output, y)
        errors = (self.objective.result(output) - y) / self.objective.std
        return (weights * errors.square()).sum() / weights.sum().clamp(min=1e-12)

    def training_step(self, batch: tuple[Sequence[Tensor], Tensor], batch_idx: int) -> Tensor:
        """Loss of one batch, and what the module adds; logs ``train/loss``, which is without that."""
        x, y = batch
        output, added = self.scored(x[0], self._candidates(x))
        loss = self.loss_of(x, output, y)
        self.log("train/loss", loss, on_step=True, on_epoch=True, prog_bar=True, batch_size=len(y))
        return loss + added

    def said(self, output: Tensor) -> Tensor:
        """Ratings ``[B]``, or scores ``[B, 1 + n]``."""
        return self.objective.prediction(output)

    def step_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """``prediction`` of ratings; of clicks nothing, since none is right or wrong by itself."""
        return self.objective.step_outputs(output)

    def prediction_table(self, predictions: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """``predicted``, or ``score``."""
        return self.objective.table(predictions, top_k)

    def on_fit_start(self) -> None:
        """Say what memory the training will take."""
        numbers = sum(each.numel() * each.element_size() for each in self.parameters())
        sparse = any(getattr(each, "sparse", False) for each in self.modules())
        kept = sum(_numbers_kept(each) for each in self.trainer.optimizers)
        whole = numbers * (1 + kept + (0 if sparse else 1))
        more = "" if sparse else "gradients and "
        log.info(
            f"{len(self.categories[self.user]):,} users, {self.item_count:,} items: {_size(numbers)} of weights, {_size(whole)} "
            f"with {more}what the optimizer keeps, {_size(whole + numbers * (1 + kept))} while the best checkpoint is read back."
        )


def _numbers_kept(optimizer: Any) -> int:
    """Numbers that an optimizer keeps for each weight."""
    group = optimizer.param_groups[0]
    return 2 if "betas" in group else int(bool(group.get("momentum")))


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e8 else f"{count / 1e6:,.2f} MB"
