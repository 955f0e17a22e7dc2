"""What classifiers share, whatever they classify: steps, metrics, probabilities, and where their weights came from.

A subclass says how an input becomes logits (``forward``); what happens to logits is the same for all, so that photos and texts,
an encoder and the word vectors it replaces, are measured alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy

from .class_table import class_table
from .fine_tunable import FineTunable, OptimizerFactory


class Classifier(FineTunable):
    """Base of modules whose ``forward`` gives logits ``[B, classes]``; batches are ``(x, y)`` with ``y`` ``int64 [B]``.

    Args:
        classes: Names.
        label_smoothing: Share of each target spread over all classes (Szegedy et al. 2015, section 7).
        optimizer: See :class:`.FineTunable`.
        metrics: Of probabilities and targets, by name. Default: accuracy.

    Attributes:
        provenance: Source and SHA-256 of the weights it started from.
    """

    def __init__(
        self,
        classes: Sequence[str],
        label_smoothing: float = 0.0,
        optimizer: OptimizerFactory | None = None,
        metrics: MetricCollection | None = None,
    ) -> None:
        super().__init__(optimizer)
        self.classes, self.label_smoothing = list(classes), label_smoothing
        self.provenance: dict[str, Any] = {"source": "random", "pretrained": False}
        metrics = metrics or MetricCollection({"accuracy": MulticlassAccuracy(len(self.classes), average="micro")})
        self.val_metrics = metrics.clone(prefix="val/")
        self.test_metrics = metrics.clone(prefix="test/")

    @property
    def pretrained(self) -> bool:
        """Whether there was anything learnt in the weights it started from."""
        return bool(self.provenance["pretrained"])

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Where its weights came from goes with them."""
        checkpoint["provenance"] = self.provenance

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up where the weights came from."""
        self.provenance = checkpoint.get("provenance", self.provenance)

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy in 32 bit."""
        return F.cross_entropy(logits.float(), y, label_smoothing=self.label_smoothing)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Softmax over the classes, in 32 bit."""
        return logits.float().softmax(1)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """Loss of one batch ``(x, y)``; logs ``train/loss``."""
        x, y = batch
        loss = self.loss(self(x), y)
        self.log("train/loss", loss, on_step=True, on_epoch=True, prog_bar=True, batch_size=len(x))
        return loss

    def _evaluate(self, batch: tuple[Tensor, Tensor], metrics: MetricCollection, stage: str) -> dict[str, Tensor]:
        x, y = batch
        logits = self(x)
        loss = self.loss(logits, y)
        metrics.update(self.probabilities(logits), y)
        self.log(f"{stage}/loss", loss, batch_size=len(x), sync_dist=True, prog_bar=True)
        self.log_dict(metrics, batch_size=len(x), prog_bar=True)
        return {"loss": loss, "logits": logits.float(), "target": y}

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        """Logs ``val/loss`` and ``val/<metric>``; returns ``loss``, ``logits`` and ``target`` for callbacks."""
        return self._evaluate(batch, self.val_metrics, "val")

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> dict[str, Tensor]:
        """Logs ``test/loss`` and ``test/<metric>``; returns ``loss``, ``logits`` and ``target`` for callbacks."""
        return self._evaluate(batch, self.test_metrics, "test")

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        """Probabilities ``[B, classes]`` of a batch, with or without targets."""
        return self.probabilities(self(batch[0] if isinstance(batch, tuple | list) else batch))

    def prediction_table(self, probabilities: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """Predictions as named columns, a row each.

        Args:
            probabilities: ``[N, classes]``, as :meth:`predict_step` returns them.
            top_k: Give the ``k`` likeliest classes in order of probability instead of every class in a fixed order.

        Returns:
            ``predicted`` and the probabilities' columns.
        """
        return class_table(self.classes, probabilities, top_k)
