"""Preparing interactions: each step alone, on a few rows."""

from __future__ import annotations

import datetime
from typing import Any

import polars as pl
import pytest
from practicum.datamodules.ratings.interactions import (
    add_time_bins,
    assign_splits,
    complete_pairs,
    deduplicate,
    parse_times,
    prepare_interactions,
    require_rating_columns,
    validate_ratings,
)
from practicum.datamodules.ratings.ratings_config import RatingsConfig
from practicum.lightning_shim import MisconfigurationException

ROWS = pl.LazyFrame(
    {
        "item": ["a", "b", "a", "a"],
        "rating": [1, 2, 5, 4],
        "user": ["u", "u", "u", "v"],
        "time": [30, 20, 10, 40],
        "w": [0, 1, 1, 2],
    }
)


def test_a_pair_that_occurs_twice() -> None:
    def kept(duplicates: Any, rating: str | None = "rating", time: str | None = "time") -> list[tuple[Any, ...]]:
        frame = deduplicate(ROWS, "user", "item", rating, time, duplicates, "t.csv")
        return sorted(frame.select("user", "item", "rating").collect().rows())

    with pytest.raises(MisconfigurationException, match=r"t.csv: user u rates item a 2 times; choose which rating counts"):
        kept("refuse")
    assert kept("last") == [("u", "a", 1), ("u", "b", 2), ("v", "a", 4)]
    assert kept("last", time=None) == [("u", "a", 5), ("u", "b", 2), ("v", "a", 4)]  # by the order of rows
    assert kept("mean") == [("u", "a", 3.0), ("u", "b", 2.0), ("v", "a", 4.0)]
    assert kept("refuse", rating=None) == kept("last")  # clicks count once
    unique = ROWS.filter(pl.col("time") != 10)
    assert deduplicate(unique, "user", "item", "rating", None, "refuse", "t").collect().equals(unique.collect())


def test_by_time_nothing_in_training_is_later_than_validation() -> None:
    frame = assign_splits(ROWS, "user", "time", "time", 0.25).collect()
    assert dict(frame.select("time", "__split").iter_rows()) == {10: "train", 20: "train", 30: "train", 40: "valid"}
    assert assign_splits(ROWS, "user", "time", "random", 0.25).collect().columns == ROWS.collect_schema().names()


def test_the_last_row_of_users_with_several_is_held_out() -> None:
    frame = assign_splits(ROWS, "user", "time", "last_out", 0.25).collect()
    assert dict(frame.select("time", "__split").iter_rows()) == {10: "train", 20: "train", 30: "valid", 40: "train"}


def test_values_out_of_range() -> None:
    validate_ratings(ROWS, "rating", (1, 5), "w", "t")
    validate_ratings(ROWS, None, (1, 2), None, "t")
    with pytest.raises(MisconfigurationException, match=r"t: row 3 has the rating 5, outside of scale=\[1,4\]"):
        validate_ratings(ROWS, "rating", (1, 4), None, "t")
    for weights, message in ((pl.lit(0), "w is 0 in all rows"), (pl.col("w") - 1, "w is negative somewhere")):
        with pytest.raises(MisconfigurationException, match=message):
            validate_ratings(ROWS.with_columns(weights.alias("w")), "rating", None, "w", "t")


def test_times_that_are_strings_become_dates() -> None:
    frame = pl.LazyFrame({"time": ["31.03.2020", "01.04.2020"]})
    assert parse_times(frame, "time", "t").collect()["time"].to_list() == [datetime.date(2020, 3, 31), datetime.date(2020, 4, 1)]
    assert parse_times(ROWS, "time", "t").collect().equals(ROWS.collect())
    assert parse_times(ROWS, None, "t").collect().equals(ROWS.collect())


def test_time_bins_of_seconds_and_of_dates_agree() -> None:
    day = datetime.date(2020, 3, 31)
    seconds = (day - datetime.date(1970, 1, 1)).days * 86400
    for value in (day, seconds):
        assert add_time_bins(pl.LazyFrame({"time": [value]}), "time", 30).collect()["time_bin"].to_list() == [
            seconds // 86400 // 30
        ]
    assert add_time_bins(pl.LazyFrame({"user": [1]}), "time", 30).collect()["time_bin"].to_list() == [None]
    assert "time_bin" not in add_time_bins(ROWS, "time", None).collect().columns


def test_all_steps_together() -> None:
    config = RatingsConfig(time="time", split="last_out", duplicates="last", positive_threshold=2, time_bin_days=10 / 86400)
    frame = prepare_interactions(ROWS, config, "t").collect()
    assert frame.columns[:2] == ["user", "item"]
    found = frame.select("user", "item", "time", "__split", "__click", "time_bin").sort("time").rows()
    assert found == [("u", "a", 10, "train", 1.0, 1), ("u", "b", 20, "valid", 1.0, 2), ("v", "a", 40, "train", 1.0, 4)]


def test_pairs_to_predict_get_what_they_lack() -> None:
    config = RatingsConfig(time="time", user_side=("job",), item_side=("genre",), time_bin_days=1)
    frame = complete_pairs(pl.LazyFrame({"user": ["u"], "item": ["a"], "genre": ["war"]}), config, "t").collect()
    assert frame.to_dicts() == [{"user": "u", "item": "a", "genre": "war", "time_bin": None, "job": None}]


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
