"""Checks of tables of ratings: what can't be learnt from is refused, or left out and counted."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
import torch
from practicum.datamodules.ratings.rating_checks import (
    convert_numbers,
    leave_out_incomplete,
    require_known_pairs,
    require_rating_columns,
    require_several,
    strange_ratings,
    validate_ratings,
)
from practicum.datamodules.ratings.ratings_config import RatingsConfig
from practicum.lightning_shim import MisconfigurationException

ROWS = pl.LazyFrame({"item": ["a", "b", "a", "a"], "rating": [1, 2, 5, 4], "user": ["u", "u", "u", "v"], "w": [0, 1, 1, 2]})


def test_values_out_of_range() -> None:
    validate_ratings(ROWS, "rating", (1, 5), "w", "t")
    validate_ratings(ROWS, None, (1, 2), None, "t")
    with pytest.raises(MisconfigurationException, match=r"t: row 3 has the rating 5, outside of scale=\[1,4\]"):
        validate_ratings(ROWS, "rating", (1, 4), None, "t")
    for weights, message in ((pl.lit(0), "w is 0 in all rows"), (pl.col("w") - 1, "w is negative somewhere")):
        with pytest.raises(MisconfigurationException, match=message):
            validate_ratings(ROWS.with_columns(weights.alias("w")), "rating", None, "w", "t")


def test_columns_that_are_missing() -> None:
    require_rating_columns(["user", "item", "rating"], RatingsConfig(), "t", has_header=True)
    with pytest.raises(
        MisconfigurationException, match=r"t: has no column 'user', it begins with 'u0', '3'; name yours.*set header="
    ):
        require_rating_columns(["u0", "3"], RatingsConfig(), "t", has_header=True)
    with pytest.raises(MisconfigurationException, match="t: has no column 'user'; did you mean 'users'"):
        require_rating_columns(["users", "item", "rating"], RatingsConfig(), "t", has_header=False)
    with pytest.raises(MisconfigurationException, match="has no column 'w'"):
        require_rating_columns(["user", "item", "rating"], RatingsConfig(weight="w"), "t", has_header=True)


def test_columns_that_are_added_must_not_be_there() -> None:
    with pytest.raises(MisconfigurationException, match="has a column 'time_bin' of its own"):
        require_rating_columns(["user", "item", "rating", "t", "time_bin"], RatingsConfig(time="t", time_bin_days=1), "t", True)


def test_words_among_numbers_are_named_with_their_row() -> None:
    frame = ROWS.with_columns(rating=pl.Series(["1", "2.5", "good", "4"]))
    with pytest.raises(MisconfigurationException, match="column 'rating' should be a number, but row 3 holds 'good'"):
        convert_numbers(frame, ["rating", None], "t")
    assert convert_numbers(frame.filter(pl.col("rating") != "good"), ["rating"], "t").collect()["rating"].to_list() == [1, 2.5, 4]
    assert convert_numbers(ROWS, ["rating", "w"], "t") is ROWS
    with pytest.raises(MisconfigurationException, match="has type Date, not a number"):
        convert_numbers(ROWS.with_columns(rating=datetime.date(2020, 1, 1)), ["rating"], "t")


def test_infinite_weights_are_refused() -> None:
    with pytest.raises(MisconfigurationException, match="w is infinite somewhere"):
        validate_ratings(ROWS.with_columns(w=float("inf")), "rating", None, "w", "t")


def test_rows_without_an_id_are_left_out_and_named() -> None:
    frame = pl.LazyFrame({"user": ["u", None, "v"], "item": [1.0, 2.0, float("nan")], "rating": [1, 2, None]})
    kept, rejected = leave_out_incomplete(frame, "user", "item", "rating")
    assert kept.collect()["user"].to_list() == ["u"]
    assert rejected == [("row 2", "it has no user"), ("row 3", "it has no item")]
    assert leave_out_incomplete(ROWS, "user", "item", "rating") == (ROWS, [])


def test_one_user_or_item_only() -> None:
    require_several(ROWS, "user", "item", "t")
    with pytest.raises(MisconfigurationException, match="t: all rows have the user 'u'; a recommender learns how"):
        require_several(ROWS.head(3), "user", "item", "t")
    with pytest.raises(MisconfigurationException, match="t: no row is left"):
        require_several(ROWS.head(0), "user", "item", "t")


def test_ratings_without_a_difference_are_said() -> None:
    assert (
        "every rating is 1, so that there is nothing to learn from it; for clicks set experiment=clicks data.rating=null "
        "(rating=None in Python)." in strange_ratings(ROWS.with_columns(rating=1), "rating", False, "t")[0]
    )
    assert strange_ratings(ROWS.with_columns(rating=1), "rating", True, "t") == []
    assert strange_ratings(ROWS, "rating", False, "t") == []


def test_pairs_of_which_nothing_is_known(caplog: pytest.LogCaptureFixture) -> None:
    pairs = pl.DataFrame({"user": ["x", None], "item": ["y", "a"]})
    require_known_pairs(torch.tensor([[0, 0], [0, 1]]), pairs, RatingsConfig(), "new")
    assert "new: 1 of 2 rows have no user; it counts as unknown" in caplog.text
    with pytest.raises(MisconfigurationException, match=r"new: training had none of these users \(user 'x' ...\)"):
        require_known_pairs(torch.zeros(2, 2), pairs, RatingsConfig(), "new")


def test_a_zero_that_may_mean_not_rated_is_said() -> None:
    def said(*ratings: int | None, clicks: bool = False) -> list[str]:
        return strange_ratings(pl.LazyFrame({"stars": ratings}), "stars", clicks, "t.csv")

    (found,) = said(0, 0, 0, 1, 5, 4, None)
    assert found.startswith("t.csv: 3 of 7 rows have the stars 0, more than any other; if that means not rated")
    assert said(0, 1, 1, 5, 4) == said(0, 0, 0, 7, 8) == said(-1, 0, 0, 0, 1, 2) == said(0, 0, 0, 1, 5, clicks=True) == []
    assert said(0, 0, 0, 1, 1) == []  # a thumb down is a rating
    assert strange_ratings(pl.LazyFrame({"stars": []}, {"stars": pl.Float64}), "stars", False, "t.csv") == []
