"""Losses and predictions against float64 references written from their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.objectives.regression import Regression

RNG = np.random.default_rng(0)
Y = np.exp(RNG.normal(3, 0.5, 400))
RAW = RNG.normal(0, 1, 400)
STATS = {
    "mean": Y.mean(),
    "std": Y.std(),
    "min": Y.min(),
    "max": Y.max(),
    "log_mean": np.log(Y).mean(),
    "log_std": np.log(Y).std(),
}


def objective(**options: Any) -> Regression:
    return Regression({name: float(value) for name, value in STATS.items()}, **options)


def tensors(raw: Any = RAW) -> tuple[torch.Tensor, torch.Tensor]:
    raw = torch.tensor(raw, dtype=torch.float32)
    return raw.view(len(Y), -1), torch.tensor(Y, dtype=torch.float32)


def test_squared_absolute_and_relative_errors() -> None:
    number, log_number = RAW * STATS["std"] + STATS["mean"], np.exp(RAW * STATS["log_std"] + STATS["log_mean"])
    z, log_z = (Y - STATS["mean"]) / STATS["std"], (np.log(Y) - STATS["log_mean"]) / STATS["log_std"]
    wanted = {
        ("squared", False): ((RAW - z) ** 2).mean(),
        ("squared", True): ((RAW - log_z) ** 2).mean(),
        ("absolute", False): np.abs(RAW - z).mean(),
        ("absolute", True): np.abs(RAW - log_z).mean(),
        ("rmspe", False): ((number / Y - 1) ** 2).mean(),
        ("rmspe", True): ((log_number / Y - 1) ** 2).mean(),
        ("mape", False): np.abs(number / Y - 1).mean(),
        ("mape", True): np.abs(log_number / Y - 1).mean(),
    }
    for (loss, log_target), value in wanted.items():
        each = objective(loss=loss, log_target=log_target)
        assert float(each.loss(*tensors())) == pytest.approx(value, rel=1e-4)
        predicted = each.predict(tensors()[0]).double().numpy()
        np.testing.assert_allclose(predicted, log_number if log_target else number, rtol=2e-5)


def test_clipped_predictions_stay_in_the_range_and_the_loss_sees_all() -> None:
    raw, target = tensors(RAW * 9)
    clipped, plain = objective(clip=True), objective()
    predicted, number = clipped.predict(raw), plain.predict(raw)
    torch.testing.assert_close(predicted, number.clamp(float(STATS["min"]), float(STATS["max"])))
    assert (predicted != number).any()
    assert torch.equal(clipped.unclipped(raw), number)
    for weights in (None, torch.ones(len(target))):
        assert torch.equal(clipped.loss(raw, target, weights), plain.loss(raw, target, weights))


def test_quantiles_have_the_pinball_loss_and_come_in_order() -> None:
    raw = RNG.normal(0, 1, (400, 3))
    each, z = objective(loss="quantiles", quantiles=[0.9, 0.1, 0.5]), (Y - STATS["mean"]) / STATS["std"]
    error = z[:, None] - raw
    q = np.array([0.1, 0.5, 0.9])
    wanted = np.where(error >= 0, q * error, (q - 1) * error).mean()
    assert float(each.loss(*tensors(raw))) == pytest.approx(wanted, rel=1e-5)
    predicted = each.predict(tensors(raw)[0])
    assert bool((predicted.diff(dim=1) >= 0).all())
    assert torch.equal(each.point_prediction(predicted), predicted[:, 1])
    assert list(each.columns(predicted)) == ["predicted", "quantile_0.1", "quantile_0.5", "quantile_0.9"]


@pytest.mark.parametrize(
    ("quantiles", "columns"), [([0.1, 0.9], [0, 1]), ([0.5, 0.9], [0]), ([0.9, 0.45, 0.2, 0.55], [1, 2]), ([0.7, 0.8, 0.9], [0])]
)
def test_the_point_prediction_is_nearest_to_the_median(quantiles: list[float], columns: list[int]) -> None:
    each = objective(loss="quantiles", quantiles=quantiles)
    predicted = torch.tensor([[1.0, 2.0, 4.0, 8.0], [0.0, 3.0, 5.0, 6.0]])[:, : len(quantiles)]
    point = predicted[:, columns].mean(1)
    torch.testing.assert_close(each.point_prediction(predicted), point)
    assert each.columns(predicted)["predicted"] == point.tolist()
    outputs = each.test_outputs(torch.zeros(2, len(quantiles)))
    torch.testing.assert_close(outputs["point_prediction"], each.point_prediction(outputs["prediction"]))


def test_bounded_predictions_stay_in_the_targets_range_and_a_tenth_beyond() -> None:
    predicted = objective(log_target=True, bounded=True).predict(torch.tensor([[-50.0], [50.0]]))
    span = np.log(Y.max() / Y.min())
    np.testing.assert_allclose(predicted.numpy(), [Y.min() * np.exp(-0.1 * span), Y.max() * np.exp(0.1 * span)], rtol=1e-4)


def test_options_that_do_not_fit_are_refused() -> None:
    stats = {"mean": 0.0, "std": 1.0, "min": -3.0, "max": 3.0}
    for options in ({"log_target": True}, {"loss": "rmspe"}, {"loss": "mape"}):
        with pytest.raises(MisconfigurationException, match="needs a positive target, but the training data contain -3"):
            Regression(stats, **options)  # type: ignore[arg-type]
        elsewhere = {"mean": 2.0, "std": 1.0, "min": 1.0, "max": 3.0}  # a held-out number is 0: there are no logarithms
        with pytest.raises(
            MisconfigurationException, match="needs a positive target, but a number of validation or the test is 0"
        ):
            Regression(elsewhere, **options)  # type: ignore[arg-type]
        assert set(Regression(elsewhere).metrics()) == {"rmse", "mae"}
    with pytest.raises(MisconfigurationException, match="quantiles"):
        Regression(stats, quantiles=[0.0])
    with pytest.raises(MisconfigurationException, match="Regression: loss=rms: choose squared"):
        Regression(stats, "rms")  # type: ignore[arg-type]


def test_relative_errors_are_measured_of_positive_targets_only() -> None:
    assert set(objective().metrics()) == {"rmse", "mae", "rmspe", "mape"}
    assert set(objective(relative_metrics=False).metrics()) == {"rmse", "mae"}
    assert set(Regression({"mean": 0.0, "std": 1.0, "min": -3.0, "max": 3.0}).metrics()) == {"rmse", "mae"}


@pytest.mark.parametrize("options", [{}, {"log_target": True}, {"bounded": True}, {"log_target": True, "bounded": True}])
def test_inverse_gives_the_output_that_predicts_a_number(options: dict[str, Any]) -> None:
    each, y = objective(**options), torch.tensor(Y)
    torch.testing.assert_close(each.predict(each.inverse(y)[:, None]), y, rtol=1e-4, atol=1e-4, check_dtype=False)


def test_weights_count_rows_as_often() -> None:
    each, (raw, y) = objective(), tensors()
    weights = torch.tensor([1.0, 2.0, 0.0])
    torch.testing.assert_close(each.loss(raw[:3], y[:3], weights), each.loss(raw[[0, 1, 1]], y[[0, 1, 1]]))


def test_a_test_step_hands_over_predictions() -> None:
    outputs = objective().test_outputs(tensors()[0])
    assert list(outputs) == ["prediction"]
    assert outputs["prediction"].shape == (len(Y),)


@pytest.mark.parametrize("kind", ["squared", "absolute", "rmspe", "mape", "quantiles"])
@pytest.mark.parametrize("log", [False, True])
def test_a_score_of_numbers_is_that_of_the_outputs(kind: Any, log: bool) -> None:
    each = objective(loss=kind, log_target=log, bounded=True)
    raw, y = tensors(np.sort(RNG.normal(0, 1, (400, 3)), 1) if kind == "quantiles" else RAW)
    score = each.score(each.predict(raw), y)
    assert score["loss"] == pytest.approx(float(each.loss(raw, y)), rel=1e-4)
    clipped = objective(loss=kind, log_target=log, clip=True)
    assert "loss" not in clipped.score(clipped.predict(raw), y)  # a test's is of numbers as they were
    middle = each.point_prediction(each.predict(raw))
    assert score["mae"] == pytest.approx(float((middle - y).abs().mean()), rel=1e-5)
