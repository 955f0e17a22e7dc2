"""One of several classes: softmax and cross-entropy, measured by accuracy and AUROC, whatever is classified.

**Source.** Label smoothing: Szegedy et al. 2015, "Rethinking the Inception architecture", section 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional as F
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy

from ..metrics.macro_auroc import MacroAUROC
from .objective import Objective
from .prediction_columns import class_columns

_LEAST = 1e-38  # a probability whose logarithm is finite in float32


class Classification(Objective):
    """Single-label classification.

    Args:
        classes: Names of the classes, in the order of the outputs.
        label_smoothing: Share of each target that is spread evenly over all classes.
        class_weight: Weight of each class in the loss ``[classes]``.

    Shape:
        Outputs are logits ``[B, classes]``. Targets are ``int64 [B]``, or probabilities ``[B, classes]`` (mixed examples).
    """

    class_weight: Tensor | None

    def __init__(self, classes: Sequence[str], label_smoothing: float = 0.0, class_weight: Tensor | None = None) -> None:
        super().__init__()
        self.classes, self.label_smoothing = list(classes), label_smoothing
        self.outputs = len(self.classes)
        self.register_buffer("class_weight", class_weight, persistent=False)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Cross-entropy in float32, weighted and smoothed as configured."""
        target = target if target.ndim == output.ndim else target.long()
        return F.cross_entropy(output.float(), target, weight=self.class_weight, label_smoothing=self.label_smoothing)

    def loss_weight(self, target: Tensor) -> Tensor | int:
        """The sum of the weights of the targets' classes, where classes have weights; else the number of rows."""
        return len(target) if self.class_weight is None or target.ndim > 1 else self.class_weight[target.long()].sum()

    def predict(self, output: Tensor) -> Tensor:
        """Probabilities ``[B, classes]`` in float32."""
        return output.float().softmax(1)

    def loss_of_predictions(self, predictions: Tensor, target: Tensor) -> Tensor:
        """:meth:`loss` of probabilities ``[N, classes]``; those below 1e-38 count as that."""
        return self.loss(predictions.clamp(min=_LEAST).log(), target)

    def metrics(self) -> MetricCollection:
        """``accuracy`` and ``auroc`` (the mean of one-vs-rest over the classes that are there)."""
        return MetricCollection(
            {"accuracy": MulticlassAccuracy(self.outputs, average="micro"), "auroc": MacroAUROC(self.outputs)},
            compute_groups=False,
        )

    def test_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """``logits`` in float32."""
        return {"logits": output.float()}

    def columns(self, predictions: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """``predicted`` and the probability of each class, or of the ``top_k`` most probable."""
        return class_columns(self.classes, predictions, top_k)
