"""Residuals, and the error by the number of training ratings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from practicum.callbacks import Residuals
from practicum.callbacks.figures.regression.residuals import draw_residuals, rmse_by_count, training_counts
from practicum.lightning_shim import Trainer


def test_counts_are_those_of_training_and_the_unseen_have_none() -> None:
    codes = torch.tensor([0, 1, 1, 1])
    assert training_counts([7, "a", 7, "new"], ["a", "7"], codes).tolist() == [3, 1, 3, 0]


def test_errors_are_by_bin_and_few_rows_are_left_out() -> None:
    counts = np.array([0] * 5 + [2] * 6 + [2000] * 4 + [500] * 5)
    residuals = np.array([1.0, -1, 1, -1, 1] + [3.0] * 3 + [-3.0] * 3 + [9.0] * 4 + [2.0] * 5)
    assert rmse_by_count(counts, residuals) == pytest.approx({0: 1, 1: 3, 8: 2})


def test_a_curve_for_each_column() -> None:
    left, right = draw_residuals(np.array([1.0, 2.0, 3.0]), {"user": {0: 1.0, 2: 0.5}, "item": {1: 2.0}}).axes
    assert [list(line.get_xdata()) for line in right.get_lines()] == [[0, 2], [1]]
    assert [line.get_label() for line in right.get_lines()] == ["by ratings of the user", "by ratings of the item"]
    assert sum(bar.get_height() for bar in left.patches) == 3
    assert left.get_title() == "mean +2.000, standard deviation 0.816"


def test_is_drawn_of_tables_and_of_ratings(
    rows: Any, known_regression: Any, make_trainer: Callable[..., Trainer], tmp_path: Path, is_png: Callable[[Path], bool]
) -> None:
    make_trainer(callbacks=[Residuals("table")]).test(known_regression, rows, verbose=False)
    assert is_png(tmp_path / "table" / "residuals.png")
    known_regression.user, known_regression.item = "shop", "sold"
    rows.pairs = lambda split: (torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]))
    known_regression.categories = {"shop": ["a", "b"], "sold": ["10.0", "40.0"]}
    make_trainer(callbacks=[Residuals("ratings")]).test(known_regression, rows, verbose=False)
    assert is_png(tmp_path / "ratings" / "residuals.png")
