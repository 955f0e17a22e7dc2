"""Steps of modules that learn from pairs: one loss, the same metrics in validation and test, predictions, provenance.

A subclass says how an input becomes an output, what that output costs and what it says; the rest is here, once.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from torch import Tensor
from torchmetrics import MetricCollection

from .fine_tunable import FineTunable, OptimizerFactory


class Supervised(FineTunable):
    """Base of modules whose batches are ``(x, y)``, with a row of ``x`` for each of ``y``.

    Args:
        metrics: Of what :meth:`measured` gives, and targets, by name.
        optimizer: See :class:`.FineTunable`.

    Attributes:
        provenance: Source and SHA-256 of the weights it started from.
    """

    def __init__(self, metrics: MetricCollection, optimizer: OptimizerFactory | None = None) -> None:
        super().__init__(optimizer)
        self.provenance: dict[str, Any] = {"source": "random"}
        self.val_metrics = metrics.clone(prefix="val/")
        self.test_metrics = metrics.clone(prefix="test/")

    def output(self, x: Any) -> Tensor:
        """What the network gives, one row each: what ``forward`` gives, unless a subclass keeps more."""
        return self(x)

    @abstractmethod
    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        """What is made small, a scalar."""

    def loss_of(self, x: Any, output: Tensor, y: Tensor) -> Tensor:
        """:meth:`loss` of a batch, for modules whose inputs have a say in it."""
        return self.loss(output, y)

    @abstractmethod
    def said(self, output: Tensor) -> Tensor:
        """Predictions: probabilities, or numbers."""

    def measured(self, said: Tensor) -> Tensor:
        """What metrics take of predictions."""
        return said

    @abstractmethod
    def step_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """What a step hands to callbacks beside ``loss`` and ``target``."""

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Where its weights came from goes with them."""
        checkpoint["provenance"] = self.provenance

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up where the weights came from."""
        self.provenance = checkpoint.get("provenance", self.provenance)

    def training_step(self, batch: tuple[Any, Tensor], batch_idx: int) -> Tensor:
        """Loss of one batch ``(x, y)``; logs ``train/loss``."""
        x, y = batch
        loss = self.loss_of(x, self.output(x), y)
        self.log("train/loss", loss, on_step=True, on_epoch=True, prog_bar=True, batch_size=len(y))
        return loss

    def _evaluate(self, batch: tuple[Any, Tensor], metrics: MetricCollection, stage: str) -> dict[str, Tensor]:
        x, y = batch
        output = self.output(x)
        loss = self.loss_of(x, output, y)
        metrics.update(self.measured(self.said(output)), y)
        self.log(f"{stage}/loss", loss, batch_size=len(y), sync_dist=True, prog_bar=True)
        self.log_dict(metrics, batch_size=len(y), prog_bar=True)
        return {"loss": loss, "target": y, **self.step_outputs(output)}

    def validation_step(self, batch: tuple[Any, Tensor], batch_idx: int) -> dict[str, Tensor]:
        """Logs ``val/loss`` and ``val/<metric>``; returns ``loss``, ``target`` and :meth:`step_outputs` for callbacks."""
        return self._evaluate(batch, self.val_metrics, "val")

    def test_step(self, batch: tuple[Any, Tensor], batch_idx: int) -> dict[str, Tensor]:
        """Logs ``test/loss`` and ``test/<metric>``; returns ``loss``, ``target`` and :meth:`step_outputs` for callbacks."""
        return self._evaluate(batch, self.test_metrics, "test")

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        """What is said of a batch, with or without targets."""
        return self.said(self.output(batch[0] if isinstance(batch, tuple | list) else batch))
