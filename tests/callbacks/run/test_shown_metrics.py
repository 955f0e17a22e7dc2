"""Two losses and the main metric, whatever a module calls them."""

from __future__ import annotations

import pytest
from practicum.callbacks.run.shown_metrics import short, shown_metrics

LOGGED = {"train/loss_step": 1.0, "train/loss_epoch": 2.0, "train/loss": 2.0, "val/loss": 3.0, "val/mae": 4.0, "val/rmse": 5.0}


@pytest.mark.parametrize(
    ("logged", "metric", "expected"),
    [
        (LOGGED, None, {"train/loss": 2.0, "val/loss": 3.0, "val/rmse": 5.0}),
        (LOGGED, "mae", {"train/loss": 2.0, "val/loss": 3.0, "val/mae": 4.0}),
        (LOGGED, "absent", {"train/loss": 2.0, "val/loss": 3.0, "val/rmse": 5.0}),
        ({"val/own": 1.0, "val/other": 2.0, "val/loss": 3.0}, None, {"val/loss": 3.0, "val/own": 1.0}),
        ({"train/accuracy": 0.1, "val/accuracy": 0.2, "val/loss": 3.0}, None, {"val/loss": 3.0, "val/accuracy": 0.2}),
        ({"train_loss": 1.0, "val_loss": 2.0, "val_acc": 3.0}, None, {"train_loss": 1.0, "val_loss": 2.0, "val_acc": 3.0}),
        ({"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0}, None, {"a": 1.0, "b": 2.0, "c": 3.0}),
        ({}, None, {}),
    ],
)
def test_losses_come_first_and_then_the_main_metric(
    logged: dict[str, float], metric: str | None, expected: dict[str, float]
) -> None:
    assert shown_metrics(logged, metric) == expected
    assert list(shown_metrics(logged, metric)) == list(expected)


def test_a_bar_shows_the_last_steps_loss() -> None:
    assert shown_metrics(LOGGED, of="step")["train/loss"] == 1.0


def test_values_take_few_columns() -> None:
    assert max(len(short(value)) for value in (0.0, 1 / 3, 2e14 / 3, 2e6 / 3, 1e-9 / 3, -1 / 3, float("nan"))) <= 9
