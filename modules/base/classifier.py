"""What classifiers share, whatever they classify: cross-entropy, probabilities, and whether their weights had learnt anything.

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

from ..objectives.prediction_columns import class_table
from .fine_tunable import OptimizerFactory
from .supervised import Supervised


class Classifier(Supervised):
    """Base of modules whose ``forward`` gives logits ``[B, classes]``; batches are ``(x, y)`` with ``y`` ``int64 [B]``.

    Args:
        classes: Names.
        label_smoothing: Share of each target spread over all classes (Szegedy et al. 2015, section 7).
        optimizer: See :class:`.FineTunable`.
        metrics: Of probabilities and targets, by name. Default: accuracy.

    Attributes:
        provenance: Source and SHA-256 of the weights it started from, and whether they had learnt anything.
    """

    def __init__(
        self,
        classes: Sequence[str],
        label_smoothing: float = 0.0,
        optimizer: OptimizerFactory | None = None,
        metrics: MetricCollection | None = None,
    ) -> None:
        metrics = metrics or MetricCollection({"accuracy": MulticlassAccuracy(len(classes), average="micro")})
        super().__init__(metrics, optimizer)
        self.classes, self.label_smoothing = list(classes), label_smoothing
        self.provenance["pretrained"] = False

    @property
    def pretrained(self) -> bool:
        """Whether there was anything learnt in the weights it started from."""
        return bool(self.provenance["pretrained"])

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy in 32 bit."""
        return F.cross_entropy(logits.float(), y, label_smoothing=self.label_smoothing)

    def probabilities(self, logits: Tensor) -> Tensor:
        """Softmax over the classes, in 32 bit."""
        return logits.float().softmax(1)

    def said(self, output: Tensor) -> Tensor:
        """The probabilities ``[B, classes]``."""
        return self.probabilities(output)

    def step_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """``logits`` in 32 bit."""
        return {"logits": output.float()}

    def prediction_table(self, probabilities: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """Predictions as named columns, a row each.

        Args:
            probabilities: ``[N, classes]``, as :meth:`predict_step` returns them.
            top_k: Give the ``k`` likeliest classes in order of probability instead of every class in a fixed order.

        Returns:
            ``predicted`` and the probabilities' columns.
        """
        return class_table(self.classes, probabilities, top_k)
