"""Losses and predictions against float64 references written from their definitions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from practicum.modules.metrics.rmspe import RMSPE
from practicum.modules.objectives.objective import Classification, Regression
from pytorch_lightning.utilities.exceptions import MisconfigurationException

RNG = np.random.default_rng(0)
Y = np.exp(RNG.normal(3, 0.5, 400))
RAW = RNG.normal(0, 1, 400)
FACTS = {
    "mean": Y.mean(),
    "std": Y.std(),
    "min": Y.min(),
    "max": Y.max(),
    "log_mean": np.log(Y).mean(),
    "log_std": np.log(Y).std(),
}


def objective(**options: Any) -> Regression:
    return Regression({name: float(value) for name, value in FACTS.items()}, **options)


def tensors(raw: Any = RAW) -> tuple[torch.Tensor, torch.Tensor]:
    raw = torch.tensor(raw, dtype=torch.float32)
    return raw.view(len(Y), -1), torch.tensor(Y, dtype=torch.float32)


def test_squared_absolute_and_relative_errors() -> None:
    number, log_number = RAW * FACTS["std"] + FACTS["mean"], np.exp(RAW * FACTS["log_std"] + FACTS["log_mean"])
    z, log_z = (Y - FACTS["mean"]) / FACTS["std"], (np.log(Y) - FACTS["log_mean"]) / FACTS["log_std"]
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
        said = each.prediction(tensors()[0]).double().numpy()
        np.testing.assert_allclose(said, log_number if log_target else number, rtol=2e-5)


def test_quantiles_have_the_pinball_loss_and_come_in_order() -> None:
    raw = RNG.normal(0, 1, (400, 3))
    each, z = objective(loss="quantiles", quantiles=[0.9, 0.1, 0.5]), (Y - FACTS["mean"]) / FACTS["std"]
    error = z[:, None] - raw
    q = np.array([0.1, 0.5, 0.9])
    wanted = np.where(error >= 0, q * error, (q - 1) * error).mean()
    assert float(each.loss(*tensors(raw))) == pytest.approx(wanted, rel=1e-5)
    said = each.prediction(tensors(raw)[0])
    assert bool((said.diff(dim=1) >= 0).all())
    assert torch.equal(each.measured(said), said[:, 1])
    assert list(each.table(said)) == ["predicted", "quantile_0.1", "quantile_0.5", "quantile_0.9"]


def test_bounded_predictions_stay_in_the_targets_range_and_a_tenth_beyond() -> None:
    said = objective(log_target=True, bounded=True).prediction(torch.tensor([[-50.0], [50.0]]))
    span = np.log(Y.max() / Y.min())
    np.testing.assert_allclose(said.numpy(), [Y.min() * np.exp(-0.1 * span), Y.max() * np.exp(0.1 * span)], rtol=1e-4)


def test_rmspe_leaves_zeros_out() -> None:
    metric = RMSPE()
    metric.update(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 0.0]))
    metric.update(torch.tensor([3.0]), torch.tensor([4.0]))
    assert float(metric.compute()) == pytest.approx(np.sqrt((0.25 + 0.0625) / 2))


def test_what_can_not_be_is_refused() -> None:
    facts = {"mean": 0.0, "std": 1.0, "min": -3.0, "max": 3.0}
    for options in ({"log_target": True}, {"loss": "rmspe"}, {"loss": "mape"}):
        with pytest.raises(MisconfigurationException, match="wants a target above 0, but the training data hold -3"):
            Regression(facts, **options)  # type: ignore[arg-type]
    with pytest.raises(MisconfigurationException, match="quantiles"):
        Regression(facts, quantiles=[0.0])
    assert "rmspe" not in Regression(facts).metrics()


def test_classes_have_probabilities() -> None:
    each = Classification(["no", "yes"])
    said = each.prediction(torch.tensor([[0.0, 0.0], [0.0, 20.0]]))
    torch.testing.assert_close(said, torch.tensor([[0.5, 0.5], [0.0, 1.0]]), atol=1e-6, rtol=0)
    assert each.table(said)["predicted"] == ["no", "yes"]
    assert {"accuracy", "auroc"} == set(each.metrics())
