"""What is said of callbacks that transform predictions: the result without them, and where they harm."""

from __future__ import annotations

from typing import Any

import pytest
from practicum.callbacks.run.transformed_results import better_plain, plain_values, views_left_out

LEFT_OUT = {"tta/views": 0, "tta/val_loss": 0.5, "tta/val_loss/plain": 0.4}
WHY = "Augmented views are left out: with them the log-loss of validation is 0.5, without 0.4"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"test/f1": 0.9}, None),
        ({"test/f1": 0.9, "plain/f1": None}, None),
        ({"test/f1": 0.9, "plain/f1": 0.8, "snapshots": 3}, "Predictions are transformed by callbacks; without: F1 0.8"),
        (
            {"test/loss": 0.5, "plain/loss": 0.4, "test/f1": 0.9, "plain/f1": 0.8, "tta/views": 1},
            "Predictions are averaged over each photo and 1 augmented view of it; without: loss 0.4, which is better, F1 0.8",
        ),
        ({"val/f1/kept": 0.9, "plain/f1": 0.9, "tests_on": "valid", **LEFT_OUT}, WHY),
        (
            {"test/loss": 0.3, "plain/loss": 0.4, "calibration/temperature": 2.0, **LEFT_OUT},
            f"Predictions are transformed by callbacks; without: loss 0.4. {WHY}",
        ),
    ],
)
def test_what_stands_beside_the_result(record: dict[str, Any], said: str | None) -> None:
    assert plain_values(record) == said


def test_views_that_are_averaged_or_were_never_asked_for_are_not_left_out() -> None:
    assert views_left_out({}) is None
    assert views_left_out({**LEFT_OUT, "tta/views": 4}) is None
    diverged = views_left_out({"tta/views": 0, "tta/val_loss": None, "tta/val_loss/plain": None})  # JSON has no NaN
    assert str(diverged).endswith("is not a number, without not a number")


def test_lower_losses_and_higher_scores_are_better() -> None:
    record = {"test/loss": 0.5, "plain/loss": 0.4, "test/f1": 0.9, "plain/f1": 0.8, "plain/auroc": 0.9, "test/auroc": None}
    assert [better_plain(record, name) for name in ("loss", "f1", "auroc", "accuracy")] == [True, False, False, False]
