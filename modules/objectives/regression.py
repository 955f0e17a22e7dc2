"""A number: standardised for the network, optionally on a log scale, optionally bounded.

**What it does.** The network's output is the standardised target, or its logarithm; ``bounded`` squeezes it into the range of the
training target. Quantiles come from the pinball loss, one output for each.

**Source.** Quantiles: Koenker & Bassett 1978, "Regression quantiles"; the bound is fast.ai's ``y_range``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torch.nn import functional as F
from torchmetrics import MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredError, MetricCollection

from ..metrics.rmspe import RMSPE
from .objective import Objective

RegressionLoss = Literal["squared", "absolute", "rmspe", "mape", "quantiles"]


class Regression(Objective):
    """Regression of one number.

    Args:
        target: ``mean``, ``std``, ``min``, ``max`` of the training target and, where all numbers of all splits are positive,
            ``log_mean``, ``log_std``.
        loss: ``squared`` and ``absolute``: errors on the scale of the network's output; ``rmspe`` and ``mape``: squared and
            absolute relative errors of the number itself; ``quantiles``: the pinball loss.
        log_target: Learn the logarithm, so that errors count by their ratio.
        bounded: Squeeze the output with a sigmoid into the range of the training target, a tenth wider on each side.
        quantiles: Which, with ``loss="quantiles"``; that nearest to .5 is the point prediction, the mean of two that are.
        relative_metrics: Where the target is positive, also measure relative errors.
        clip: Predict nothing outside the range of the training target; the loss sees the numbers as they are.

    Raises:
        MisconfigurationException: ``log_target``, ``rmspe`` or ``mape`` with a target that is not positive; a quantile out of
            range; an unknown loss.
    """

    def __init__(
        self,
        target: Mapping[str, float],
        loss: RegressionLoss = "squared",
        log_target: bool = False,
        bounded: bool = False,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        relative_metrics: bool = True,
        clip: bool = False,
    ) -> None:
        super().__init__()
        if loss not in get_args(RegressionLoss):
            raise MisconfigurationException(f"Regression: loss={loss}: choose {', '.join(get_args(RegressionLoss))}.")
        if not quantiles or not all(0 < q < 1 for q in quantiles):
            raise MisconfigurationException(f"Regression: quantiles={list(quantiles)}: each must be between 0 and 1.")
        positive = target["min"] > 0 and "log_mean" in target
        found = f"the training data contain {target['min']:g}"
        if target["min"] > 0:
            found = "a number of validation or the test is 0 or less (target has no log_mean)"
        for option, chosen in (("log_target=True", log_target), (f"loss={loss}", loss in ("rmspe", "mape"))):
            if chosen and not positive:
                raise MisconfigurationException(
                    f"Regression: {option} needs a positive target, but {found}; leave those rows out, or choose "
                    "log_target=False and loss=squared."
                )
        self.relative_metrics = relative_metrics and positive
        self.kind, self.log, self.quantiles = loss, log_target, sorted(quantiles)
        self.outputs = len(quantiles) if loss == "quantiles" else 1
        self.mean, self.std = (target["log_mean"], target["log_std"]) if log_target else (target["mean"], target["std"])
        low, high = (((math.log(v) if log_target else v) - self.mean) / self.std for v in (target["min"], target["max"]))
        margin = 0.1 * (high - low)
        self.limits, self.clipped = (target["min"], target["max"]) if clip else None, clip
        self.range = (low - margin, high + margin) if bounded else None

    def _standardised(self, output: Tensor) -> Tensor:
        output = output.float()
        if self.range is None:
            return output
        low, high = self.range
        return low + (high - low) * output.sigmoid()

    def loss(self, output: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
        """Scalar loss in float32; with ``weights`` of rows ``[B]``, their weighted mean squared error, standardised."""
        if weights is not None:
            errors = (self.unclipped(output) - target) / self.std
            return (weights * errors.square()).sum() / weights.sum().clamp(min=1e-12)
        return self._standardised_loss(self._standardised(output), target)

    def loss_of_predictions(self, predictions: Tensor, target: Tensor) -> Tensor:
        """:meth:`loss` of numbers ``[N]`` or sorted quantiles ``[N, quantiles]``."""
        numbers = predictions if predictions.ndim > 1 else predictions[:, None]
        return self._standardised_loss(((numbers.log() if self.log else numbers) - self.mean) / self.std, target)

    def _standardised_loss(self, predicted: Tensor, target: Tensor) -> Tensor:
        true = ((target.log() if self.log else target) - self.mean) / self.std
        if self.kind == "squared":
            return F.mse_loss(predicted.squeeze(1), true)
        if self.kind == "absolute":
            return F.l1_loss(predicted.squeeze(1), true)
        if self.kind in ("rmspe", "mape"):
            # predicted / true - 1; on a log scale computed without leaving it
            if self.log:
                relative = torch.expm1((predicted.squeeze(1) - true) * self.std)
            else:
                relative = (predicted.squeeze(1) * self.std + self.mean - target) / target
            return relative.square().mean() if self.kind == "rmspe" else relative.abs().mean()
        error = true.unsqueeze(1) - predicted
        q = error.new_tensor(self.quantiles)
        return torch.maximum(q * error, (q - 1) * error).mean()

    def predict(self, output: Tensor) -> Tensor:
        """Numbers ``[B]``, or sorted quantiles ``[B, quantiles]``, in the target's units; with ``clip`` within its range."""
        number = self.unclipped(output)
        return number if self.limits is None else number.clamp(*self.limits)

    def unclipped(self, output: Tensor) -> Tensor:
        """As :meth:`predict`, whatever ``clip`` is."""
        number = self._standardised(output) * self.std + self.mean
        number = number.exp() if self.log else number
        return number.sort(1).values if self.outputs > 1 else number.squeeze(1)

    def inverse(self, target: Tensor) -> Tensor:
        """The output for which each number ``[B]`` would be predicted; numbers out of bounds are clipped."""
        standardised = ((target.log() if self.log else target) - self.mean) / self.std
        if self.range is None:
            return standardised
        low, high = self.range
        return ((standardised - low) / (high - low)).logit(eps=1e-3)

    def metrics(self) -> MetricCollection:
        """``rmse`` and ``mae``; with ``relative_metrics`` also ``rmspe`` and ``mape``."""
        kinds: dict[str, Any] = {"rmse": MeanSquaredError(squared=False), "mae": MeanAbsoluteError()}
        if self.relative_metrics:
            kinds |= {"rmspe": RMSPE(), "mape": MeanAbsolutePercentageError()}
        return MetricCollection(kinds, compute_groups=False)

    def point_prediction(self, prediction: Tensor) -> Tensor:
        """One number per row ``[B]``: of quantiles that nearest to .5, or the mean of two that are equally near."""
        if prediction.ndim == 1:
            return prediction
        distances = [abs(each - 0.5) for each in self.quantiles]
        nearest = [place for place, each in enumerate(distances) if each < min(distances) + 1e-9]
        return prediction[:, nearest].mean(1)

    def test_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """``prediction``; of quantiles also the ``point_prediction``."""
        prediction = self.predict(output)
        point = {"point_prediction": self.point_prediction(prediction)} if prediction.ndim > 1 else {}
        return {"prediction": prediction, **point}

    def columns(self, predictions: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """``predicted``, and each quantile."""
        columns: dict[str, list[Any]] = {"predicted": self.point_prediction(predictions).tolist()}
        if predictions.ndim > 1:
            columns |= {f"quantile_{q:g}": predictions[:, i].tolist() for i, q in enumerate(self.quantiles)}
        return columns
