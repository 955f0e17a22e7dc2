"""Errors by the values of a column."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from practicum.callbacks import ErrorBy
from practicum.callbacks.figures.regression.error_by import draw_grouped_errors, group_errors, worst_and_best
from practicum.lightning_shim import MisconfigurationException, Trainer


def test_groups_are_in_order_and_a_missing_value_comes_last() -> None:
    grouped = group_errors(["b", None, "a", "b"], np.array([1.0, 5.0, -2.0, -3.0]))
    assert grouped.values == ["a", "b", None]
    assert grouped.counts.tolist() == [1, 2, 1]
    assert grouped.mean_absolute.tolist() == [2, 2, 5]
    assert grouped.mean.tolist() == [-2, -1, 5]


def test_of_many_the_worst_and_the_best_are_shown() -> None:
    assert worst_and_best(np.array([3.0, 1.0, 2.0]), 3) == [0, 2, 1]
    assert worst_and_best(np.array([3.0, 1.0, 2.0, 5.0, 4.0]), 3) == [3, 2, 1]
    grouped = group_errors(list("abcde"), np.array([3.0, 1.0, 2.0, 5.0, 4.0]))
    axes = draw_grouped_errors("shop", grouped, "error", max_groups=3).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["d", "c", "b"]
    assert [bar.get_height() for bar in axes.patches] == [5, 2, 1]
    assert axes.get_title() == "the 1 worst and the 2 best of 5"


def test_dates_are_drawn_as_lines() -> None:
    days = [datetime.date(2020, 1, day) for day in (2, 1, 2)]
    axes = draw_grouped_errors("day", group_errors(days, np.array([1.0, 4.0, -3.0])), "error").axes[0]
    assert [list(line.get_ydata()) for line in axes.get_lines()[:2]] == [[4, 2], [4, -1]]


def test_is_written_for_each_column(
    rows: Any,
    known_regression: Any,
    make_trainer: Callable[..., Trainer],
    tmp_path: Path,
    rows_of: Callable[[Path], list[dict[str, str]]],
    is_png: Callable[[Path], bool],
) -> None:
    make_trainer(callbacks=[ErrorBy(columns=["shop", "day"])]).test(known_regression, rows, verbose=False)
    by_shop = {row["shop"]: row for row in rows_of(tmp_path / "figures" / "error_by_shop.csv")}
    assert {shop: int(row["count"]) for shop, row in by_shop.items()} == {"a": 3, "b": 2, "": 1}
    assert float(by_shop["a"]["mean absolute relative error"]) == pytest.approx((0.1 + 0.1 + 0.5) / 3)
    assert float(by_shop["b"]["mean relative error"]) == pytest.approx(-0.05)
    assert len(rows_of(tmp_path / "figures" / "error_by_day.csv")) == 3
    assert is_png(tmp_path / "figures" / "error_by_shop.png")
    assert is_png(tmp_path / "figures" / "error_by_day.png")


def test_refusals(rows: Any, known_regression: Any, make_trainer: Callable[..., Trainer]) -> None:
    with pytest.raises(MisconfigurationException, match="the data have no column 'shops'; they have shop, day, sold"):
        make_trainer(callbacks=[ErrorBy(columns=["shops"])]).test(known_regression, rows, verbose=False)
    with pytest.raises(MisconfigurationException, match="ErrorBy: max_groups=1 must be at least 2"):
        ErrorBy(max_groups=1)


def test_columns_of_any_name(
    rows: Any,
    known_regression: Any,
    make_trainer: Callable[..., Trainer],
    tmp_path: Path,
    rows_of: Callable[[Path], list[dict[str, str]]],
) -> None:
    names = ["/../../x", "km/h", "km_h", "x" * 240, "$", "CON", ""]
    levels = ["<$50k", "50k_$75k", "$^{", None, "y" * 300, "\\frac{"]
    rows.row_columns = lambda split: dict.fromkeys(names, levels)
    run = tmp_path / "deep" / "er" / "run"
    trainer = make_trainer(callbacks=[ErrorBy(columns=names)], default_root_dir=run)
    trainer.test(known_regression, rows, verbose=False)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.parent for path in files} == {run / "figures"}
    assert sorted(path.suffix for path in files) == [each for each in (".csv", ".png", ".svg") for _ in names]
    assert {next(iter(rows_of(path)[0])) for path in files if path.suffix == ".csv"} == set(names)
