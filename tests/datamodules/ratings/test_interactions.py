"""Preparing interactions: each step alone, on a few rows."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from practicum.datamodules.ratings.interactions import (
    assign_splits,
    complete_pairs,
    deduplicate,
    pairs_left_out,
    prepare_interactions,
)
from practicum.datamodules.ratings.ratings_config import RatingsConfig
from practicum.datamodules.tabular.source_table import SourceTable
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
    def kept(duplicates: Any, time: str | None = "time") -> list[tuple[Any, ...]]:
        frame = deduplicate(ROWS, "user", "item", "rating", time, duplicates, "t.csv")
        return sorted(frame.select("user", "item", "rating").collect().rows())

    with pytest.raises(MisconfigurationException, match=r"t.csv: user u rates item a 2 times; choose which rating counts"):
        kept("refuse")
    assert kept("last") == [("u", "a", 1), ("u", "b", 2), ("v", "a", 4)]
    assert kept("last", time=None) == [("u", "a", 5), ("u", "b", 2), ("v", "a", 4)]  # by the order of rows
    mean = deduplicate(ROWS, "user", "item", "rating", "time", "mean", "t.csv").filter(pl.col("user") == "u").collect()
    assert mean.filter(pl.col("item") == "a").select("rating", "time", "w").rows() == [(3.0, 30, 0)]  # of the latest
    assert kept("mean") == [("u", "a", 3.0), ("u", "b", 2.0), ("v", "a", 4.0)]
    assert kept("max") == [("u", "a", 5), ("u", "b", 2), ("v", "a", 4)]
    unique = ROWS.filter(pl.col("time") != 10)
    assert deduplicate(unique, "user", "item", "rating", None, "refuse", "t").collect().equals(unique.collect())


def test_by_time_nothing_in_training_is_later_than_validation() -> None:
    frame = assign_splits(ROWS, "user", "time", "time", 0.25).collect()
    assert dict(frame.select("time", "__split").iter_rows()) == {10: "train", 20: "train", 30: "train", 40: "valid"}
    assert assign_splits(ROWS, "user", "time", "random", 0.25).collect().columns == ROWS.collect_schema().names()


def test_the_last_row_of_users_with_several_is_held_out() -> None:
    frame = assign_splits(ROWS, "user", "time", "last_out", 0.25).collect()
    assert dict(frame.select("time", "__split").iter_rows()) == {10: "train", 20: "train", 30: "valid", 40: "train"}


def test_all_steps_together() -> None:
    config = RatingsConfig(time="time", split="last_out", duplicates="last", positive_threshold=2, time_bin_days=10 / 86400)
    frame = prepare_interactions(SourceTable(ROWS), config, "t").frame.collect()
    assert frame.columns[:2] == ["user", "item"]
    found = frame.select("user", "item", "time", "__split", "__click", "time_bin").sort("time").rows()
    assert found == [("u", "b", 20, "train", 1.0, 2), ("v", "a", 40, "train", 1.0, 4)]  # the last rating of "a" is too low


@pytest.mark.parametrize(("duplicates", "liked"), [("last", False), ("mean", False), ("max", True), ("refuse", None)])
def test_a_rating_that_was_taken_back_is_no_click(duplicates: Any, liked: bool | None) -> None:
    config = RatingsConfig(time="time", duplicates=duplicates, positive_threshold=4)
    rows = pl.concat([ROWS, ROWS.tail(1).with_columns(user=pl.lit("w"), item=pl.lit("b"))])
    if liked is None:
        with pytest.raises(MisconfigurationException, match="t: user u rates item a 2 times"):
            prepare_interactions(SourceTable(rows), config, "t")
        return
    frame = prepare_interactions(SourceTable(rows), config, "t").frame.collect()
    assert (("u", "a") in frame.select("user", "item").rows()) is liked


@pytest.mark.parametrize("split", ["time", "last_out"])
@pytest.mark.parametrize("every", [5, 12])
@pytest.mark.parametrize("rating", ["rating", None])
def test_rows_without_a_time_are_left_out_of_a_split_by_time(split: Any, every: int, rating: str | None) -> None:
    numbers = range(1200)
    times = [None if n % every == 0 else float(n) for n in numbers]
    frame = pl.LazyFrame({"user": [n % 30 for n in numbers], "item": [n // 30 for n in numbers], "rating": 3.0, "time": times})
    config = RatingsConfig(time="time", split=split, rating=rating)
    source = prepare_interactions(SourceTable(frame), config, "t")
    assert source.rejected[:2] == [("row 1", "it has no time"), (f"row {every + 1}", "it has no time")]
    rows = 1200 - len(source.rejected)
    splits = source.frame.collect()["__split"].to_list()
    assert len(splits) == rows
    if split == "time":
        tested = splits.count("test")
        assert abs(tested - rows / 10) < 1
        assert abs(splits.count("valid") - rows / 10) <= 1
        assert [text for _, text in source.notes if "held out" in text] == [
            f"t: {tested} of {rows:,} ratings (the newest) are held out for a test; test_fraction=0 leaves them to training."
        ]
    else:
        assert splits.count("valid") == source.frame.collect()["user"].n_unique()
    assert not prepare_interactions(SourceTable(frame), RatingsConfig(time="time", rating=rating), "t").rejected


def test_a_split_by_times_that_are_all_missing_is_refused() -> None:
    frame = ROWS.with_columns(time=pl.lit(None, pl.Int64))
    with pytest.raises(MisconfigurationException, match="t: no row can be used, and 4 lack a time, by which split=time"):
        prepare_interactions(SourceTable(frame), RatingsConfig(time="time", split="time", duplicates="last"), "t")


def test_pairs_to_predict_get_what_they_lack() -> None:
    config = RatingsConfig(time="time", user_side=("job",), item_side=("genre",), time_bin_days=1)
    frame = complete_pairs(pl.LazyFrame({"user": ["u"], "item": ["a"], "genre": ["war"]}), config, "t").collect()
    assert frame.to_dicts() == [{"user": "u", "item": "a", "genre": "war", "time_bin": None, "job": None}]


@pytest.mark.parametrize(("test_fraction", "tested"), [(None, 60), (0.0, 0), (0.2, 120)])
def test_by_time_the_newest_ratings_are_the_test(test_fraction: float | None, tested: int) -> None:
    numbers = range(600)
    frame = pl.LazyFrame({"user": [n % 30 for n in numbers], "item": [n // 30 for n in numbers], "rating": 3.0, "time": numbers})
    config = RatingsConfig(time="time", split="time", valid_fraction=0.1, test_fraction=test_fraction)
    config.check("R")
    source = prepare_interactions(SourceTable(frame), config, "t")
    splits = source.frame.sort("time").collect()["__split"].to_list()
    assert splits == ["train"] * (540 - tested) + ["valid"] * 60 + ["test"] * tested
    said = [text for _, text in source.notes if "held out" in text]
    sentence = "t: 60 of 600 ratings (the newest) are held out for a test; test_fraction=0 leaves them to training."
    assert said == ([sentence] if test_fraction is None else [])


def test_pairs_on_one_side_of_the_threshold_need_no_choice() -> None:
    rows = pl.LazyFrame({"user": ["u", "u", "v", "v"], "item": ["a", "a", "b", "c"], "rating": [5, 4, 5, 1]})
    config = RatingsConfig(positive_threshold=4)
    found = prepare_interactions(SourceTable(rows), config, "t").frame.select("user", "item").collect()
    assert sorted(found.rows()) == [("u", "a"), ("v", "b")]
    both = rows.with_columns(pl.Series("rating", [5, 1, 5, 1]))
    with pytest.raises(MisconfigurationException, match="user u rates item a 2 times; choose which rating counts"):
        prepare_interactions(SourceTable(both), config, "t")


def test_items_of_rows_that_are_left_out_are_had_all_the_same() -> None:
    rows = ROWS.with_columns(pl.Series("time", [30, None, 10, 40]))

    def left_out(**options: Any) -> list[tuple[Any, ...]] | None:
        found = pairs_left_out(lambda: rows, RatingsConfig(**options), "t")
        return None if found is None else sorted(found.select("user", "item").collect().rows())

    assert left_out() is None
    assert left_out(positive_threshold=4) == [("u", "a"), ("u", "b")]
    assert left_out(rating=None, time="time", split="time") == [("u", "b")]
    assert left_out(time="time", split="last_out", positive_threshold=2) == [("u", "a"), ("u", "b")]
