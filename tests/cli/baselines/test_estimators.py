"""Baselines are measured as the network is: closed forms, scikit-learn's own metrics, classes that a split lacks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from practicum.cli.baselines.estimators import (
    Examples,
    choose_rows,
    constant,
    fit_and_measure,
    linear,
    measure,
    predictions,
    row_limit,
)
from practicum.modules.objectives.classification import Classification
from practicum.modules.objectives.multi_label import MultiLabel
from practicum.modules.objectives.regression import Regression
from sklearn.metrics import log_loss

RNG = np.random.default_rng(1)


def stats(y: np.ndarray) -> dict[str, float]:
    facts = {"mean": y.mean(), "std": y.std(), "min": y.min(), "max": y.max()}
    return {key: float(value) for key, value in (facts | {"log_mean": np.log(y).mean(), "log_std": np.log(y).std()}).items()}


def numbers() -> tuple[Examples, Examples]:
    x = RNG.normal(size=(300, 3))
    y = (10 + x @ np.array([1.0, -2.0, 0.5]) + RNG.normal(size=300) / 10).astype(np.float32)
    return Examples(x[:200], y[:200]), Examples(x[200:], y[200:])


@pytest.mark.parametrize("bounded", [False, True])
def test_the_mean_has_the_error_of_the_mean_and_ridge_that_of_the_normal_equations(bounded: bool) -> None:
    train, test = numbers()
    objective = Regression(stats(train.y), bounded=bounded)
    found = fit_and_measure(objective, {"mean": constant(objective)[1], "linear": linear(objective)}, train, test)
    errors = test.y - train.y.mean()
    assert found["mean"]["rmse"] == pytest.approx(np.sqrt(np.square(errors).mean()), rel=1e-5)
    assert found["mean"]["mae"] == pytest.approx(np.abs(errors).mean(), rel=1e-5)
    assert found["mean"]["loss"] == pytest.approx(np.square(errors).mean() / train.y.var(), rel=1e-4)  # standardised
    centred = train.x - train.x.mean(0)
    weights = np.linalg.solve(centred.T @ centred + np.eye(3), centred.T @ (train.y - train.y.mean()))
    predicted = train.y.mean() + (test.x - train.x.mean(0)) @ weights
    assert found["linear"]["rmse"] == pytest.approx(np.sqrt(np.square(predicted - test.y).mean()), rel=1e-4)


def test_a_logarithm_is_learnt_where_the_network_learns_it() -> None:
    train, test = numbers()
    grown = [Examples(each.x, np.exp(each.y / 2).astype(np.float32)) for each in (train, test)]
    objective = Regression(stats(grown[0].y), log_target=True)
    found = fit_and_measure(objective, {"linear": linear(objective)}, *grown)
    assert found["linear"]["rmspe"] < 0.1  # the logarithm is linear, the number itself is not
    assert found["linear"]["loss"] < 0.01


def test_quantiles_have_metrics_but_no_loss() -> None:
    train, test = numbers()
    objective = Regression(stats(train.y), loss="quantiles")
    found = fit_and_measure(objective, {"mean": constant(objective)[1]}, train, test)["mean"]
    assert "loss" not in found
    assert found["rmse"] > 0


def test_the_prior_has_the_entropy_of_the_frequencies() -> None:
    y = np.repeat([0, 1, 2], [10, 30, 60])
    objective = Classification(["a", "b", "c"])
    same = Examples(np.zeros((100, 1)), y)
    found = fit_and_measure(objective, {"prior": constant(objective)[1]}, same, same)["prior"]
    assert found["accuracy"] == pytest.approx(0.6)
    assert found["auroc"] == pytest.approx(0.5)
    assert found["loss"] == pytest.approx(-sum(p * math.log(p) for p in (0.1, 0.3, 0.6)), rel=1e-5)


def test_classes_that_a_split_lacks() -> None:
    x, y = RNG.normal(size=(60, 2)), np.arange(60) % 3
    objective = Classification(["a", "b", "c", "d"])
    train, test = Examples(x[y < 2], y[y < 2]), Examples(x, y)
    estimators = {"prior": constant(objective)[1], "linear": linear(objective)}
    found = fit_and_measure(objective, estimators, train, test)
    fitted = predictions(objective, linear(objective).fit(*train), x)
    assert fitted.shape == (60, 4)
    assert (fitted[:, 2:] == 0).all()
    clipped = np.clip(fitted.numpy().astype(np.float64), 1e-7, None)
    expected = -np.log((clipped / clipped.sum(1, keepdims=True))[np.arange(60), y]).mean()
    assert found["linear"]["loss"] == pytest.approx(expected, rel=1e-3)
    single = Examples(x[y == 0], y[y == 0])
    assert set(fit_and_measure(objective, estimators, single, test)) == {"prior"}


def test_logistic_regression_has_scikit_learns_own_loss() -> None:
    x = RNG.normal(size=(200, 2))
    y = (x[:, 0] + RNG.normal(size=200) > 0).astype(np.int64)
    objective, half = Classification(["no", "yes"]), slice(100)
    train, test = Examples(x[half], y[half]), Examples(x[100:], y[100:])
    found = fit_and_measure(objective, {"linear": linear(objective)}, train, test)["linear"]
    fitted = linear(objective).fit(*train)
    assert found["loss"] == pytest.approx(log_loss(test.y, fitted.predict_proba(test.x)), rel=1e-4)
    assert found["accuracy"] == pytest.approx(fitted.score(*test))


def test_a_multi_label_threshold_is_that_of_validation() -> None:
    x = RNG.normal(size=(90, 2))
    y = (x > 0).astype(np.int64)
    objective = MultiLabel(["a", "b"])
    train, test, valid = (Examples(x[part], y[part]) for part in (slice(50), slice(50, 70), slice(70, 90)))
    found = fit_and_measure(objective, {"prior": constant(objective)[1], "linear": linear(objective)}, train, test, valid)
    assert found["linear"]["map"] > found["prior"]["map"]
    assert found["linear"]["f2"] > 0.85
    assert float(objective.threshold) == 0.5  # the network's own stays
    low, high = torch.tensor([[0.2, 0.2]]), torch.tensor([[0.9, 0.9]])
    both = torch.ones(1, 2, dtype=torch.int64)
    assert measure(objective, low, both)["f2"] == 1  # the same rows choose a threshold below .2
    assert measure(objective, low, both, (torch.cat([low, high]), torch.tensor([[0, 0], [1, 1]])))["f2"] == 0


def test_a_label_that_all_rows_have() -> None:
    x = RNG.normal(size=(20, 2))
    objective, same = MultiLabel(["a", "b"]), Examples(x, np.column_stack([np.ones(20), x[:, 0] > 0]).astype(np.int64))
    found = fit_and_measure(objective, {"prior": constant(objective)[1], "linear": linear(objective)}, same, same)
    assert found["linear"]["accuracy"] > 0.9
    assert found["prior"]["map"] > 0.5


def test_rows_are_bounded_and_the_same_each_time() -> None:
    assert row_limit(10) == 100_000
    assert row_limit(10, outputs=1000) == 2000
    assert choose_rows(5, 9).tolist() == [0, 1, 2, 3, 4]
    chosen = choose_rows(1000, 10, seed=3)
    assert len(set(chosen.tolist())) == 10
    assert (np.diff(chosen) > 0).all()
    assert (chosen == choose_rows(1000, 10, seed=3)).all()


def test_no_other_process_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under several processes the first one measures alone."""

    def gathers(*_: object, **__: object) -> None:
        raise AssertionError("another process would have to take part")

    monkeypatch.setattr("torch.distributed.is_available", lambda: True)
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("torchmetrics.metric.gather_all_tensors", gathers)
    labels = torch.tensor([[1, 0], [0, 1]])
    assert measure(MultiLabel(["a", "b"]), labels.float(), labels)["accuracy"] == 1
    assert measure(Classification(["a", "b"]), labels.float(), torch.tensor([0, 1]))["accuracy"] == 1
