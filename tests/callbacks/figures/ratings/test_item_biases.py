"""Item bias given popularity."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from practicum.callbacks import ItemBiases
from practicum.callbacks.figures.ratings.item_biases import draw_item_biases, popularity_trend
from practicum.lightning_shim import MisconfigurationException

COUNTS = np.array([1.0, 10, 100, 1000, 10, 100])
BIAS = 0.5 + 0.25 * np.log10(COUNTS) + np.array([0, 0.3, -0.2, 0, -0.3, 0.2])


def test_the_trend_is_the_curve_of_least_squares() -> None:
    trend = popularity_trend(BIAS, COUNTS, 10)
    assert trend.coefficients == pytest.approx([0, 0.25, 0.5])
    assert trend.min_count == 10
    assert trend.excess == pytest.approx([0, 0.3, -0.2, 0, -0.3, 0.2])
    assert trend.order.tolist() == [4, 2, 3, 5, 1]  # without the item that has one rating
    assert popularity_trend(BIAS, COUNTS, 5000).order.tolist() == [3]  # all have fewer: the most rated
    level = popularity_trend(np.array([1.0, 3.0]), np.array([7.0, 7.0]), 1)
    assert level.coefficients == pytest.approx([2])  # both have as many
    line = popularity_trend(np.array([1.0, 3.0]), np.array([10.0, 100.0]), 1)
    assert line.coefficients == pytest.approx([2, -1])


def test_items_with_few_interactions_do_not_bend_the_curve() -> None:
    counts = np.array([1.0, 1, 2, 3, 5, 20, 50, 200, 500])
    bias = np.where(counts < 20, -0.5, np.log10(counts) ** 2 - 1.8)  # as clicks give it: flat at first, then ever steeper
    trend = popularity_trend(bias, counts, 20)
    assert trend.coefficients == pytest.approx([1, 0, -1.8], abs=1e-9)
    assert trend.expected(counts[5:]) == pytest.approx(bias[5:])
    assert trend.excess[trend.order] == pytest.approx(0, abs=1e-9)  # none is a favourite for being popular


def test_the_farthest_on_each_side_are_named() -> None:
    names = ["a", "b", "c" * 50, "d", "e", "f"]
    left, right = draw_item_biases(BIAS, COUNTS, names, popularity_trend(BIAS, COUNTS, 10), max_labels=2).axes
    assert [label.get_text() for label in right.get_yticklabels()] == ["e", "c" * 39 + "...", "f", "b"]
    assert [bar.get_width() for bar in right.patches] == pytest.approx([-0.3, -0.2, 0.2, 0.3])
    assert right.get_title() == "of 5 items with 10 interactions or more"
    drawn = np.asarray(left.get_lines()[0].get_xydata())[[0, -1]]
    assert drawn.ravel() == pytest.approx([10, 0.75, 1000, 1.25])  # no farther than where it is fitted
    assert left.get_lines()[0].get_label() == "expected from popularity"


def test_is_drawn_where_there_are_biases(
    run_test: Callable[[Any], None], recommender: Any, tmp_path: Path, is_png: Callable[[Path], bool]
) -> None:
    run_test(ItemBiases())
    assert is_png(tmp_path / "figures" / "item_biases.png")
    del type(recommender).bias
    run_test(ItemBiases("none"))
    assert not (tmp_path / "none").exists()


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(MisconfigurationException, match="ItemBiases: max_labels=0 and min_count=20"):
        ItemBiases(max_labels=0)
