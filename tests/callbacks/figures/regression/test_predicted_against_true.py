"""What the figure of predictions and targets shows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from practicum.callbacks import PredictedAgainstTrue
from practicum.callbacks.figures.regression.predicted_against_true import draw_predicted_against_true, prediction_spread
from practicum.lightning_shim import Trainer


def test_wide_positive_values_are_on_a_logarithmic_scale() -> None:
    true = np.array([1.0, 10.0, 100.0])
    assert prediction_spread(true * 1.1, true).scale == "log"
    assert prediction_spread(true - 1, true).scale == "linear"  # a zero
    assert prediction_spread(np.array([5.0, 6.0]), np.array([5.0, 100.0])).scale == "linear"  # a factor of 20 is not more


def test_errors_are_summarised_and_outliers_lie_at_the_edges() -> None:
    true = np.full(1001, 10.0)
    predicted = true + np.linspace(-1, 1, 1001)
    predicted[-1] = 1000
    spread = prediction_spread(predicted, true)
    assert spread.name == "relative error"
    assert spread.limits == (9, 1000)
    assert spread.median == pytest.approx(0, abs=1e-9)
    assert spread.half_within == pytest.approx(0.05, abs=1e-3)
    assert (spread.errors.min(), spread.errors.max()) == pytest.approx((-0.099, 0.099), abs=1e-3)
    assert len(spread.errors) == 1001


def test_is_drawn(
    rows: Any, known_regression: Any, make_trainer: Callable[..., Trainer], tmp_path: Path, is_png: Callable[[Path], bool]
) -> None:
    make_trainer(callbacks=[PredictedAgainstTrue()]).test(known_regression, rows, verbose=False)
    assert is_png(tmp_path / "figures" / "predicted_true.png")
    left, right, _ = draw_predicted_against_true(np.array([1.0, 2.0, 9.0]), np.array([1.0, 2.5, 8.0])).axes
    cells = left.collections[0].get_array()
    assert cells is not None
    assert cells.sum() == 3
    assert np.ma.filled(cells, 0).any(0).tolist() == [True, False, True, False, True]  # a strip for each true value
    for values in (np.linspace(1, 9, 50), np.array([-1.0, 0.0, 9e5]), np.ones(3)):  # hexagons
        assert sum(draw_predicted_against_true(values, values).axes[0].collections[0].get_array()) == len(values)  # type: ignore[arg-type]
    assert list(left.get_lines()[0].get_xdata()) == [1, 9]
    assert sum(bar.get_height() for bar in right.patches) == 3
