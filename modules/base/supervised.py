"""Steps of supervised modules: the same loss, metrics and predictions for the same kind of target, whatever the network.

A subclass defines how an input becomes an output (``forward``); its :class:`.Objective` defines what that output means.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torchmetrics import MetricCollection

from ..metrics.mean_loss import MeanLoss
from ..objectives.objective import Objective
from .fine_tunable import FineTunable
from .optimizers import NamedOptimizer


class Supervised(FineTunable):
    """Base of modules whose batches are ``(x, y)``, with a row of ``x`` for each of ``y``.

    Args:
        objective: Loss, predictions and metrics.
        optimizer: See :class:`.FineTunable`.
        lr: Likewise.
    """

    def __init__(self, objective: Objective, optimizer: NamedOptimizer = None, lr: float | None = None) -> None:
        super().__init__(optimizer, lr)
        self.objective = objective
        metrics = objective.metrics()
        self.val_metrics = metrics.clone(prefix="val/")
        self.test_metrics = metrics.clone(prefix="test/")
        self.mean_losses: Any = nn.ModuleDict({"val": MeanLoss(), "test": MeanLoss()})

    def output(self, x: Any) -> Tensor:
        """The network's output, the objective's input: what ``forward`` returns, unless a subclass says otherwise."""
        return self(x)

    def evaluated_output(self, x: Any) -> Tensor:
        """:meth:`output` in tests and predictions; through ``forward`` where callbacks replace what that returns."""
        return self.output(x)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of outputs and targets."""
        return self.objective.loss(output, target)

    def batch_loss(self, x: Any, output: Tensor, target: Tensor) -> Tensor:
        """:meth:`loss` of a batch, for subclasses whose inputs matter to it (weights of rows)."""
        return self.loss(output, target)

    def loss_weight(self, x: Any, target: Tensor) -> Tensor | int:
        """What :meth:`batch_loss` of a batch is a mean over: an epoch's loss is to count batches by it."""
        return self.objective.loss_weight(target)

    def columns(self, predictions: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """Predictions as named columns.

        Args:
            predictions: What :meth:`predict_step` returned ``[N, ...]``.
            top_k: Of classes, give only the ``k`` most probable, in order of probability.
        """
        return self.objective.columns(predictions, top_k)

    def training_step(self, batch: tuple[Any, Tensor], batch_idx: int) -> Tensor:
        """Loss of one batch ``(x, y)``; logs ``train/loss``."""
        x, y = batch
        loss = self.batch_loss(x, self.output(x), y)
        self.log_train_loss(loss, batch_size=len(y))
        return loss

    def _evaluate(self, batch: tuple[Any, Tensor], metrics: MetricCollection, stage: str) -> dict[str, Tensor]:
        x, y = batch
        output = self.evaluated_output(x)
        loss = self.batch_loss(x, output, y)
        metrics.update(self.objective.point_prediction(self.objective.predict(output)), y)
        mean_loss = self.mean_losses[stage]
        mean_loss.update(loss, self.loss_weight(x, y))
        self.log(f"{stage}/loss", mean_loss, batch_size=len(y), prog_bar=True)
        self.log_dict(metrics, batch_size=len(y), prog_bar=True)
        return {"loss": loss, "target": y, **self.objective.test_outputs(output)}

    def validation_step(self, batch: tuple[Any, Tensor], batch_idx: int) -> dict[str, Tensor]:
        """Log ``val/loss`` and ``val/<metric>``; return ``loss``, ``target`` and the objective's outputs for callbacks."""
        return self._evaluate(batch, self.val_metrics, "val")

    def on_validation_epoch_end(self) -> None:
        """Let the objective choose what depends on validation (a threshold)."""
        self.objective.after_validation(self.val_metrics)

    def on_test_epoch_start(self) -> None:
        """Let the objective measure by what validation chose."""
        self.objective.before_test(self.test_metrics)

    def test_step(self, batch: tuple[Any, Tensor], batch_idx: int) -> dict[str, Tensor]:
        """Log ``test/loss`` and ``test/<metric>``; return ``loss``, ``target`` and the objective's outputs for callbacks."""
        return self._evaluate(batch, self.test_metrics, "test")

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Predictions of a batch, with or without targets."""
        x = batch[0] if type(batch) in (tuple, list) else batch  # a named tuple is an input, not a pair
        return self.objective.predict(self.evaluated_output(x))
