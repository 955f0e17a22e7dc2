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


def test_the_trend_is_the_line_of_least_squares() -> None:
    trend = popularity_trend(BIAS, COUNTS, 10)
    assert (trend.slope, trend.intercept) == pytest.approx((0.25, 0.5))
    assert trend.min_count == 10
    assert trend.excess == pytest.approx([0, 0.3, -0.2, 0, -0.3, 0.2])
    assert trend.order.tolist() == [4, 2, 3, 5, 1]  # without the item that has one rating
    assert popularity_trend(BIAS, COUNTS, 5000).order.tolist() == [3]  # all have fewer: the most rated
    level = popularity_trend(np.array([1.0, 3.0]), np.array([7.0, 7.0]), 1)
    assert (level.slope, level.intercept) == (0, 2)


def test_items_with_few_interactions_do_not_bend_the_line() -> None:
    counts = np.array([1.0, 1, 2, 3, 5, 20, 50, 200, 500])
    bias = np.where(counts < 20, -0.5, np.log10(counts) - 1.8)  # as clicks give it: flat at first, then steep
    trend = popularity_trend(bias, counts, 20)
    assert trend.slope == pytest.approx(1)
    assert trend.excess[trend.order] == pytest.approx(0)  # none is a favourite for being popular


def test_the_farthest_on_each_side_are_named() -> None:
    names = ["a", "b", "c" * 50, "d", "e", "f"]
    left, right = draw_item_biases(BIAS, COUNTS, names, popularity_trend(BIAS, COUNTS, 10), max_labels=2).axes
    assert [label.get_text() for label in right.get_yticklabels()] == ["e", "c" * 39 + "...", "f", "b"]
    assert [bar.get_width() for bar in right.patches] == pytest.approx([-0.3, -0.2, 0.2, 0.3])
    assert right.get_title() == "of 5 items with 10 interactions or more"
    assert left.get_lines()[0].get_xdata().tolist() == [10, 1000]  # no farther than where it is fitted
    assert left.get_lines()[0].get_ydata() == pytest.approx([0.75, 1.25])
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
