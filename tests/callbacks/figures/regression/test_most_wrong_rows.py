"""The rows with the largest error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from practicum.callbacks import MostWrongRows
from practicum.callbacks.figures.page_table import read_tables
from practicum.callbacks.figures.regression.most_wrong_rows import describe_worst_rows, worst_rows_table
from practicum.lightning_shim import MisconfigurationException, Trainer


def test_rows_are_described_worst_first() -> None:
    predicted, true = np.array([1.0, 5.0, 2.0]), np.array([1.5, 1.0, -1.0])
    columns = {"shop": ["a", "b", None], "weight": [0.5, 1 / 3, 2.0], "day": [1, 2, 3]}
    assert describe_worst_rows(predicted, true, columns, count=2, max_columns=2) == [
        "predicted 5, true 1 (error +4)\nshop b, weight 0.33333, and 1 more",
        "predicted 2, true -1 (error +3)\nweight 2, day 3",
    ]
    assert describe_worst_rows(predicted, true, {}, count=1) == ["predicted 5, true 1 (error +4)\nrow 2"]


def test_rows_are_a_table_of_the_report() -> None:
    predicted, true = np.array([1.0, 5.0, 2.0]), np.array([1.5, 1.0, -1.0])
    table = worst_rows_table(predicted, true, {"shop": ["a", "b", None], "weight": [0.5, 1 / 3, 2.0], "day": [1, 2, 3]}, 2, 2)
    assert table.head == ["row", "predicted", "true", "error", "shop", "weight"]
    assert table.rows == [["2", "5", "1", "+4", "b", "0.33333"], ["3", "2", "-1", "+3", None, "2"]]


def test_rows_of_one_of_two_processes_have_their_numbers_in_the_test() -> None:
    predicted, true = np.array([1.0, 5.0, 2.0]), np.array([1.5, 1.0, -1.0])
    assert [row[0] for row in worst_rows_table(predicted, true, {}, count=2, step=2).rows] == ["3", "5"]
    assert describe_worst_rows(predicted, true, {}, count=1, step=2)[0].endswith("row 3")


def test_a_column_that_is_the_same_everywhere_is_left_out() -> None:
    table = worst_rows_table(np.array([1.0, 5.0]), np.array([1.5, 1.0]), {"split": ["test", "test"], "shop": ["a", "b"]})
    assert table.head == ["row", "predicted", "true", "relative error", "shop"]


def test_the_target_is_not_shown_twice() -> None:
    predicted, true = np.array([1.0, 5.0]), np.array([1.5, 1.0])
    columns = {"price": [1.50001, 1.0], "weight": [1.5, 2.0], "shop": ["a", None]}
    table = worst_rows_table(predicted, true, columns)
    assert table.head == ["row", "predicted", "true", "relative error", "weight", "shop"]


def test_is_written_after_a_test(rows: Any, known_regression: Any, make_trainer: Callable[..., Trainer], tmp_path: Path) -> None:
    make_trainer(callbacks=[MostWrongRows("one", count=2, max_columns=1)]).test(known_regression, rows, verbose=False)
    cut = read_tables(tmp_path / "one" / "most_wrong.json")
    assert cut is not None
    assert cut.caption.endswith(" 1 more column is not shown.")
    make_trainer(callbacks=[MostWrongRows(count=2, max_columns=2)]).test(known_regression, rows, verbose=False)
    assert (tmp_path / "figures" / "most_wrong.txt").read_text(encoding="utf-8") == (
        "predicted 60, true 40 (relative error +0.5)\nshop a, day 2020-01-03, and 1 more\n\n"
        "predicted 30, true 40 (relative error -0.25)\nday 2020-01-02, sold 40\n"
    )
    sheet = read_tables(tmp_path / "figures" / "most_wrong.json")
    assert sheet is not None
    assert [row[:3] for row in sheet.tables[0].rows] == [["6", "60", "40"], ["3", "30", "40"]]
    assert "sold" not in sheet.tables[0].head  # the target


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(MisconfigurationException, match="MostWrongRows: count=0"):
        MostWrongRows(count=0)
