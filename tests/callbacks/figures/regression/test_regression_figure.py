"""What is collected of a test, and how errors are measured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from practicum.callbacks.figures.regression.regression_figure import RegressionFigure, relative_or_absolute
from practicum.lightning_shim import Trainer


class Collect(RegressionFigure):
    shown: Any = None

    def show(self, trainer: Any, pl_module: Any, predicted: Any, true: Any, columns: Any) -> None:
        self.shown = predicted.tolist(), true.tolist(), columns


def test_errors_are_relative_where_all_targets_are_positive() -> None:
    errors, name = relative_or_absolute(np.array([11.0, 4.0]), np.array([10.0, 5.0]))
    assert (errors.tolist(), name) == (pytest.approx([0.1, -0.2]), "relative error")
    errors, name = relative_or_absolute(np.array([1.0, 4.0]), np.array([0.0, 5.0]))
    assert (errors.tolist(), name) == ([1.0, -1.0], "error")


def test_rows_are_in_the_order_of_the_data(rows: Any, known_regression: Any, make_trainer: Callable[..., Trainer]) -> None:
    callback = Collect()
    trainer = make_trainer(callbacks=[callback])
    for _ in range(2):  # a second test starts anew
        trainer.test(known_regression, rows, verbose=False)
        assert callback.shown[0] == [10.0, 22.0, 30.0, 44.0, 9.0, 60.0]
        assert callback.shown[1] == [10.0, 20.0, 40.0, 40.0, 10.0, 40.0]
        assert callback.shown[2]["shop"] == ["b", "a", None, "a", "b", "a"]


def test_classification_is_passed_over(known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]) -> None:
    callback = Collect()
    make_trainer(callbacks=[callback]).test(known_classifier(), known_photos, verbose=False)
    assert callback.shown is None
