"""Fit scikit-learn's estimators and measure them as a network is measured: by its own objective's loss and metrics.

**Defaults.** scikit-learn's, except for at most 300 iterations of logistic regression.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from practicum.modules.objectives.classification import Classification
from practicum.modules.objectives.multi_label import MultiLabel
from practicum.modules.objectives.objective import Objective
from practicum.modules.objectives.regression import Regression
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from torch import Tensor
from torchmetrics import MetricCollection

_LEAST = 1e-7  # probabilities are at least this, so that a class that was not seen costs much, but not infinitely much
_CELLS = 2e7  # inputs x outputs that a linear model is fitted to within seconds


class Examples(NamedTuple):
    """Inputs of estimators ``[N, F]``, dense or sparse, and targets: ``[N]``, or a 0/1 matrix ``[N, labels]``."""

    x: Any
    y: np.ndarray[Any, Any]


def row_limit(width: int, outputs: int = 1, most: int = 100_000) -> int:
    """Number of training rows that a linear model is fitted to within seconds.

    Args:
        width: Values that are not zero, per row.
        outputs: Classes.
        most: Never more than this.

    Example:
        >>> from practicum.cli.baselines.estimators import row_limit
        >>> row_limit(20), row_limit(1280, outputs=120)
        (100000, 2000)
    """
    return int(min(most, max(2000, _CELLS / max(1, width) / max(1, outputs))))


def choose_rows(count: int, limit: int, seed: int = 1) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Indices of all rows, or of a random sample of ``limit`` of them, ascending.

    Args:
        count: Number of rows.
        limit: How many to take at most.
        seed: Seed of the sample.
    """
    if count <= limit:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, limit, replace=False))


def constant(objective: Objective) -> tuple[str, Any]:
    """Name and estimator of the best constant prediction: ``mean``, or ``prior``, the classes' frequencies in training."""
    if isinstance(objective, Regression):
        return "mean", DummyRegressor()
    prior = DummyClassifier(strategy="prior")
    return "prior", OneVsRestClassifier(prior) if isinstance(objective, MultiLabel) else prior


def for_objective(objective: Objective, regressor: Any, classifier: Any) -> Any:
    """The estimator of the two that suits an objective; numbers on the scale on which the network learns them.

    Args:
        objective: Of the network.
        regressor: For numbers.
        classifier: For classes; one for each label where there are several.
    """
    if isinstance(objective, Regression):
        return TransformedTargetRegressor(regressor, func=np.log, inverse_func=np.exp) if objective.log else regressor
    return OneVsRestClassifier(classifier) if isinstance(objective, MultiLabel) else classifier


def linear(objective: Objective) -> Any:
    """``Ridge`` or ``LogisticRegression``, as suits an objective."""
    return for_objective(objective, Ridge(), LogisticRegression(max_iter=300))


def predictions(objective: Objective, estimator: Any, x: Any) -> Tensor:
    """What an estimator predicts, in the form of :meth:`.Objective.predict`: numbers ``[N]`` or probabilities ``[N, classes]``.

    Args:
        objective: Of the network.
        estimator: Fitted.
        x: Inputs ``[N, F]``.
    """
    if isinstance(objective, Regression):
        return torch.from_numpy(np.asarray(estimator.predict(x), np.float32))
    found = np.asarray(estimator.predict_proba(x), np.float32)
    if isinstance(objective, MultiLabel):
        return torch.from_numpy(found)
    whole = np.zeros((len(found), objective.outputs), np.float32)
    whole[:, estimator.classes_] = found  # a sample may lack a class
    return torch.from_numpy(whole)


def measure(
    objective: Objective, predicted: Tensor, target: Tensor, valid: tuple[Tensor, Tensor] | None = None
) -> dict[str, float]:
    """Loss and metrics of predictions, as the network's are computed; what is not defined is left out.

    Args:
        objective: Of the network.
        predicted: As of :func:`predictions`.
        target: ``[N]``, or ``[N, labels]``.
        valid: Predictions and targets of validation's rows, by which a multi-label threshold is chosen. Default: the same rows.

    Example:
        >>> import torch
        >>> from practicum.cli.baselines.estimators import measure
        >>> from practicum.modules.objectives.classification import Classification
        >>> found = measure(Classification(["no", "yes"]), torch.tensor([[0.5, 0.5], [0.25, 0.75]]), torch.tensor([0, 1]))
        >>> round(found["accuracy"], 2), round(found["loss"], 4)
        (1.0, 0.4904)
    """
    objective = copy.deepcopy(objective).cpu()  # its threshold is chosen anew
    chosen = _metrics(objective)
    chosen.update(*(valid or (predicted, target)))
    objective.after_validation(chosen)
    metrics = _metrics(objective)
    objective.before_test(metrics)
    metrics.update(predicted, target)
    values = {name: float(value) for name, value in metrics.compute().items()}
    output = _output(objective, predicted)
    if output is not None:
        values = {"loss": float(objective.loss(output, target)), **values}
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _metrics(objective: Objective) -> MetricCollection:
    """An objective's metrics that no other process takes part in: baselines are the first one's alone."""
    metrics = objective.metrics()
    for metric in metrics.values(copy_state=False):
        metric.distributed_available_fn = lambda: False
    return metrics


def _output(objective: Objective, predicted: Tensor) -> Tensor | None:
    """The network's output for which these would be predicted; ``None``: there is no single one (of quantiles)."""
    if isinstance(objective, Regression):
        return None if objective.outputs > 1 else objective.inverse(predicted).unsqueeze(1)
    if isinstance(objective, MultiLabel):
        return predicted.logit(eps=_LEAST)
    return predicted.clamp(min=_LEAST).log()


def fit_and_measure(
    objective: Objective,
    estimators: Mapping[str, Any],
    train: Examples,
    test: Examples,
    valid: Examples | None = None,
    fit_options: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, dict[str, float]]:
    """Metrics of each estimator.

    Args:
        objective: Of the network.
        estimators: By name, not fitted yet.
        train: What they are fitted to.
        test: What they are measured on.
        valid: Validation's rows, if they are others.
        fit_options: Further arguments of an estimator's ``fit``, by its name.
    """
    found: dict[str, dict[str, float]] = {}
    if isinstance(objective, Classification) and len(np.unique(train.y)) < 2:  # a small sample of rare classes
        estimators = {name: each for name, each in estimators.items() if isinstance(each, DummyClassifier)}
    kind = torch.float32 if isinstance(objective, Regression) else torch.int64
    target = torch.as_tensor(np.asarray(test.y)).to(kind)
    for name, estimator in estimators.items():
        with warnings.catch_warnings():
            # The number of iterations is limited on purpose, and a label that all rows of a sample have is no mistake.
            warnings.simplefilter("ignore")
            estimator.fit(train.x, train.y, **(fit_options or {}).get(name, {}))
            beside = None
            if valid is not None and isinstance(objective, MultiLabel):
                beside = predictions(objective, estimator, valid.x), torch.as_tensor(np.asarray(valid.y)).to(kind)
            found[name] = measure(objective, predictions(objective, estimator, test.x), target, beside)
    return found
