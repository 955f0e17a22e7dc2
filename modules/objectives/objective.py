"""What a network's last numbers mean, and what it is trained to make small: a number, or a class.

The same network predicts sales, delays or whether a customer leaves; only this differs. An objective turns the network's output
into a loss, a prediction, metrics and columns of a table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, get_args

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torch.nn import functional as F
from torchmetrics import MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassAUROC

from ..metrics.rmspe import RMSPE
from .prediction_columns import class_table

RegressionLoss = Literal["squared", "absolute", "rmspe", "mape", "quantiles"]


class Objective(Protocol):
    """What a module needs to know of its target.

    Attributes:
        outputs: Numbers that the network gives a row.
    """

    outputs: int

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        """A scalar of outputs ``[B, outputs]`` and targets ``[B]``."""

    def prediction(self, output: Tensor) -> Tensor:
        """What is said of each row."""

    def result(self, output: Tensor) -> Tensor:
        """What ``forward`` gives: a number's prediction, a class's logits."""

    def metrics(self) -> MetricCollection:
        """Of what :meth:`measured` gives, and targets."""

    def measured(self, prediction: Tensor) -> Tensor:
        """What metrics take of a prediction."""

    def table(self, prediction: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """Predictions as named columns."""

    def step_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """What a test step hands to callbacks beside loss and target."""


class Classification:
    """One of several classes: softmax and cross-entropy; accuracy and AUROC.

    Args:
        classes: Names.
        label_smoothing: Share of each target spread over all classes.
    """

    def __init__(self, classes: Sequence[str], label_smoothing: float = 0.0) -> None:
        self.classes, self.label_smoothing = list(classes), label_smoothing
        self.outputs = len(self.classes)

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        """Cross-entropy in 32 bit."""
        return F.cross_entropy(output.float(), y.long(), label_smoothing=self.label_smoothing)

    def prediction(self, output: Tensor) -> Tensor:
        """Probabilities ``[B, classes]``."""
        return output.float().softmax(1)

    def result(self, output: Tensor) -> Tensor:
        """Logits ``[B, classes]``."""
        return output

    def metrics(self) -> MetricCollection:
        """``accuracy`` and ``auroc`` (of more than two classes: the mean of each against the rest)."""
        count = len(self.classes)
        return MetricCollection(
            {"accuracy": MulticlassAccuracy(count, average="micro"), "auroc": MulticlassAUROC(count)}, compute_groups=False
        )

    def measured(self, prediction: Tensor) -> Tensor:
        """The probabilities."""
        return prediction

    def table(self, prediction: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """``predicted`` and the probability of each class."""
        return class_table(self.classes, prediction, top_k)

    def step_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """``logits``."""
        return {"logits": output.float()}


class Regression:
    """A number: the network gives it standardised, of its logarithm by choice, within a range by choice.

    Args:
        target: ``mean``, ``std``, ``min``, ``max`` of the training target and, where all are positive, ``log_mean``, ``log_std``.
        loss: ``squared`` and ``absolute`` differences on the scale that the network works on (with ``log_target`` that of its
            logarithm), ``rmspe`` and ``mape``: the squared and the absolute relative error of the number itself, or
            ``quantiles``: the pinball loss of each.
        log_target: Learn the logarithm, so that errors count by their ratio.
        bounded: Squeeze the output by a sigmoid into the range of the training target, a tenth more on each side.
        quantiles: With ``loss=quantiles``, which; the middle one is the prediction.

    Raises:
        MisconfigurationException: ``log_target``, ``rmspe`` or ``mape`` of a target that is not positive, a quantile out of
            range.
    """

    def __init__(
        self,
        target: Mapping[str, float],
        loss: RegressionLoss = "squared",
        log_target: bool = False,
        bounded: bool = False,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
    ) -> None:
        if loss not in get_args(RegressionLoss):
            raise MisconfigurationException(f"model.loss={loss}: choose {', '.join(get_args(RegressionLoss))}.")
        if not quantiles or not all(0 < q < 1 for q in quantiles):
            raise MisconfigurationException(f"model.quantiles={list(quantiles)}: each must lie between 0 and 1.")
        self.positive = target["min"] > 0
        for option, wanted in (("log_target=true", log_target), (f"loss={loss}", loss in ("rmspe", "mape"))):
            if wanted and not self.positive:
                raise MisconfigurationException(
                    f"model.{option} wants a target above 0, but the training data hold {target['min']:g}; leave those rows out, "
                    "or choose model.log_target=false model.loss=squared."
                )
        self.kind, self.log, self.quantiles = loss, log_target, sorted(quantiles)
        self.outputs = len(quantiles) if loss == "quantiles" else 1
        self.mean, self.std = (target["log_mean"], target["log_std"]) if log_target else (target["mean"], target["std"])
        low, high = (((math.log(v) if log_target else v) - self.mean) / self.std for v in (target["min"], target["max"]))
        margin = 0.1 * (high - low)
        self.range = (low - margin, high + margin) if bounded else None

    def _standardised(self, output: Tensor) -> Tensor:
        output = output.float()
        if self.range is None:
            return output
        low, high = self.range
        return low + (high - low) * output.sigmoid()

    def loss(self, output: Tensor, y: Tensor) -> Tensor:
        """A scalar, in 32 bit."""
        said = self._standardised(output)
        true = ((y.log() if self.log else y) - self.mean) / self.std
        if self.kind == "squared":
            return F.mse_loss(said.squeeze(1), true)
        if self.kind == "absolute":
            return F.l1_loss(said.squeeze(1), true)
        if self.kind in ("rmspe", "mape"):
            # predicted / true - 1; of the logarithm without leaving it
            off = torch.expm1((said.squeeze(1) - true) * self.std) if self.log else (self.prediction(output) - y) / y
            return off.square().mean() if self.kind == "rmspe" else off.abs().mean()
        error = true.unsqueeze(1) - said
        q = error.new_tensor(self.quantiles)
        return torch.maximum(q * error, (q - 1) * error).mean()

    def _number(self, output: Tensor) -> Tensor:
        number = self._standardised(output) * self.std + self.mean
        return number.exp() if self.log else number

    def prediction(self, output: Tensor) -> Tensor:
        """The number ``[B]``; of quantiles ``[B, quantiles]``."""
        number = self._number(output)
        return number.sort(1).values if self.outputs > 1 else number.squeeze(1)

    def raw(self, y: Tensor) -> Tensor:
        """What the network has to give for each of ``y`` ``[B]`` to be predicted; numbers out of range as those at its edge."""
        wanted = ((y.log() if self.log else y) - self.mean) / self.std
        if self.range is None:
            return wanted
        low, high = self.range
        return ((wanted - low) / (high - low)).logit(eps=1e-3)

    def result(self, output: Tensor) -> Tensor:
        """The prediction."""
        return self.prediction(output)

    def metrics(self) -> MetricCollection:
        """``rmse`` and ``mae``; where the target is positive ``rmspe`` and ``mape`` too."""
        kinds: dict[str, Any] = {"rmse": MeanSquaredError(squared=False), "mae": MeanAbsoluteError()}
        if self.positive:
            kinds |= {"rmspe": RMSPE(), "mape": MeanAbsolutePercentageError()}
        return MetricCollection(kinds, compute_groups=False)

    def measured(self, prediction: Tensor) -> Tensor:
        """The one number of a prediction ``[B]``: of quantiles the middle one."""
        return prediction if prediction.ndim == 1 else prediction[:, prediction.shape[1] // 2]

    def table(self, prediction: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """``predicted``, and each quantile."""
        columns: dict[str, list[Any]] = {"predicted": self.measured(prediction).tolist()}
        if prediction.ndim > 1:
            columns |= {f"quantile_{q:g}": prediction[:, i].tolist() for i, q in enumerate(self.quantiles)}
        return columns

    def step_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """``prediction``."""
        return {"prediction": self.prediction(output)}
