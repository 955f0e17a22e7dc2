"""What is known of a continuous column."""

from __future__ import annotations

import math

import polars as pl
import pytest
from practicum.datamodules.tabular.continuous import ContinuousColumn


def test_statistics_are_those_of_the_imputed_column() -> None:
    found = ContinuousColumn.fit(pl.Series("x", [1.0, None, 3.0, 8.0]), "table")
    filled = [1.0, 3.0, 3.0, 8.0]
    mean = sum(filled) / 4
    assert (found.median, found.mean, found.has_missing, found.low, found.high) == (3.0, mean, True, 1.0, 8.0)
    assert found.std == pytest.approx(math.sqrt(sum((each - mean) ** 2 for each in filled) / 3))


def test_robust_scaling_takes_median_and_quartiles_or_half_the_range() -> None:
    found = ContinuousColumn.fit(pl.Series("x", [0.0, 1.0, 2.0, 3.0, 1000.0]), "table", "robust")
    assert (found.mean, found.std) == (2.0, 2.0)
    mostly = ContinuousColumn.fit(pl.Series("x", [0.0] * 9 + [10.0]), "table", "robust")
    assert (mostly.mean, mostly.std) == (0.0, 5.0)


def test_an_empty_and_a_constant_column_can_be_scaled() -> None:
    assert ContinuousColumn.fit(pl.Series("x", [None, None], dtype=pl.Float64), "table").std == 1.0
    assert ContinuousColumn.fit(pl.Series("x", [2.0, 2.0]), "table").std == 1.0


@pytest.mark.parametrize("change", [{"mean": math.inf}, {"std": 0.0}, {"low": "1"}])
def test_what_no_training_leaves_is_refused(change: dict[str, object]) -> None:
    values: dict[str, object] = {"median": 0.0, "mean": 0.0, "std": 1.0, "has_missing": False, "low": 0.0, "high": 1.0}
    with pytest.raises(ValueError, match="column 'x': its numbers must be finite"):
        ContinuousColumn(**{**values, **change}).check("x")  # type: ignore[arg-type]
