"""Any number of several labels: sigmoid and binary cross-entropy, and a threshold chosen on validation data.

**What it does.** Each label is a yes-or-no question of its own. A label is predicted where its probability exceeds a threshold,
the one at which validation's F2, averaged over examples, is highest; it is stored in checkpoints.

**Source.** Evaluation of Kaggle's "Planet: understanding the Amazon from space".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torchmetrics import MetricCollection
from torchmetrics.classification import MultilabelAccuracy, MultilabelAveragePrecision

from ..metrics.f_beta_by_threshold import FBetaByThreshold
from .objective import Objective
from .prediction_columns import class_columns


class MultiLabel(Objective):
    """Multi-label classification.

    Args:
        classes: Names of the labels, in the order of the outputs.
        label_smoothing: Share of each 0/1 target that is spread evenly over both.
        class_weight: Weight of each label in the loss ``[classes]``.

    Attributes:
        threshold: Probability above which a label is predicted; .5 until the first validation epoch.

    Shape:
        Outputs are logits ``[B, classes]``, targets a 0/1 matrix of the same shape.
    """

    class_weight: Tensor | None
    threshold: Tensor

    def __init__(self, classes: Sequence[str], label_smoothing: float = 0.0, class_weight: Tensor | None = None) -> None:
        super().__init__()
        self.classes, self.label_smoothing = list(classes), label_smoothing
        self.outputs = len(self.classes)
        self.register_buffer("class_weight", class_weight, persistent=False)
        self.register_buffer("threshold", torch.tensor(0.5))

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Binary cross-entropy in float32, weighted and smoothed as configured."""
        target = target.float() * (1 - self.label_smoothing) + self.label_smoothing / 2
        return F.binary_cross_entropy_with_logits(output.float(), target, weight=self.class_weight)

    def predict(self, output: Tensor) -> Tensor:
        """Probability of each label ``[B, classes]`` in float32."""
        return output.float().sigmoid()

    def loss_of_predictions(self, predictions: Tensor, target: Tensor) -> Tensor:
        """:meth:`loss` of probabilities ``[N, classes]``, a rounding error away from 0 and 1."""
        return self.loss(predictions.float().logit(eps=1e-7), target)

    def metrics(self) -> MetricCollection:
        """``accuracy``, ``f2`` (at its best threshold) and ``map`` (mean average precision)."""
        return MetricCollection(
            {
                "accuracy": MultilabelAccuracy(self.outputs),
                "f2": FBetaByThreshold(beta=2.0),
                "map": MultilabelAveragePrecision(self.outputs),
            }
        )

    def test_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """``logits`` in float32."""
        return {"logits": output.float()}

    def columns(self, predictions: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """As of :class:`.Classification`, but ``predicted`` holds every label above the threshold, separated by spaces."""
        columns = class_columns(self.classes, predictions, top_k)
        above = (predictions > self.threshold.to(predictions)).tolist()
        columns["predicted"] = [" ".join(name for name, yes in zip(self.classes, row, strict=True) if yes) for row in above]
        return columns

    def after_validation(self, metrics: MetricCollection) -> None:
        """Choose the threshold at which validation's F2 is highest."""
        self.threshold.fill_(_f2(metrics).best_threshold())

    def before_test(self, metrics: MetricCollection) -> None:
        """Measure F2 at the threshold that validation chose."""
        _f2(metrics).threshold = round(float(self.threshold), 2)


def _f2(metrics: MetricCollection) -> FBetaByThreshold:
    return next(metric for metric in metrics.values(copy_state=False) if isinstance(metric, FBetaByThreshold))
