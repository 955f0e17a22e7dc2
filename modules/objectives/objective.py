"""What a network's output means and what it is trained to minimise, independent of the network.

The same network predicts sales, delays or whether a customer leaves; only this differs. An objective turns the network's output
into a loss, predictions, metrics and named columns.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection


class Objective(nn.Module):
    """Base of objectives; a module, because class weights and thresholds are tensors that move with the network.

    Attributes:
        outputs: Number of outputs the network needs per row.
        clipped: Whether :meth:`predict` clips numbers that :meth:`loss` sees as they are.
    """

    outputs: int
    clipped: bool = False

    @abstractmethod
    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Scalar loss of outputs ``[B, outputs]`` and targets ``[B]``, computed in float32."""

    @abstractmethod
    def predict(self, output: Tensor) -> Tensor:
        """Predictions of outputs ``[B, outputs]``: probabilities, numbers or scores."""

    @abstractmethod
    def metrics(self) -> MetricCollection:
        """New metrics of point predictions and targets, by name."""

    @abstractmethod
    def test_outputs(self, output: Tensor) -> dict[str, Tensor]:
        """What a test step returns for callbacks beside ``loss`` and ``target``."""

    @abstractmethod
    def columns(self, predictions: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
        """Predictions as named columns.

        Args:
            predictions: What :meth:`predict` returned ``[N, ...]``.
            top_k: Of classes, give only the ``k`` most probable, in order of probability.
        """

    def loss_weight(self, target: Tensor) -> Tensor | int:
        """What the :meth:`loss` of these targets is a mean over: the number of rows, or the sum of their weights."""
        return len(target)

    def point_prediction(self, prediction: Tensor) -> Tensor:
        """What metrics compare with targets: the prediction itself, unless it holds more."""
        return prediction

    @abstractmethod
    def loss_of_predictions(self, predictions: Tensor, target: Tensor) -> Tensor:
        """:meth:`loss` of what :meth:`predict` returned, where the outputs themselves are gone."""

    @torch.no_grad()
    def score(self, predictions: Tensor, target: Tensor) -> dict[str, float]:
        """Measure predictions as a test does.

        Args:
            predictions: What :meth:`predict` returned ``[N, ...]``.
            target: ``[N, ...]``.

        Returns:
            :meth:`metrics` by name and, unless predictions were :attr:`clipped`, the ``loss``, which is of numbers as they were.
        """
        metrics = self.metrics()
        self.before_test(metrics)
        metrics.update(self.point_prediction(predictions), target)
        loss = {} if self.clipped else {"loss": float(self.loss_of_predictions(predictions, target))}
        return {**loss, **{name: float(value) for name, value in metrics.compute().items()}}

    def after_validation(self, metrics: MetricCollection) -> None:
        """Choose from a validation epoch's metrics what predictions depend on; by default, nothing."""

    def before_test(self, metrics: MetricCollection) -> None:
        """Configure the test metrics by what validation chose; by default, nothing."""
