"""Repeated clicks: the first counts, and weights are added up within a part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from practicum.datamodules import Ratings
from practicum.datamodules.ratings.interactions import prepare_interactions
from practicum.datamodules.ratings.ratings_config import RatingsConfig
from practicum.datamodules.ratings.repeated_clicks import count_repeats, first_clicks
from practicum.datamodules.tabular.source_table import SourceTable

# Milk every week, and in the last weeks something new.
WEEKS = [("u", "milk", week, 1) for week in range(8)] + [("v", "milk", 1, 2), ("u", "tea", 2, 1), ("v", "tea", 3, 4)]
WEEKS += [("v", "fig", 6, 1), ("u", "fig", 7, 1)]
CLICKS = pl.LazyFrame(WEEKS, schema=["user", "item", "time", "w"], orient="row")


def prepared(**options: Any) -> tuple[dict[tuple[str, str], Any], list[str]]:
    config = RatingsConfig(rating=None, time="time", **options)
    config.check("R")
    source = prepare_interactions(SourceTable(CLICKS), config, "t")
    value = config.weight or "__split"
    found = {(user, item): each for user, item, each in source.frame.select("user", "item", value).collect().iter_rows()}
    return found, [text for _, text in source.notes]


def test_the_first_click_counts_and_stays_in_training() -> None:
    assert count_repeats(CLICKS, "user", "item") == 7
    assert sorted(first_clicks(CLICKS, "user", "item", "time").select("time").collect()["time"]) == [0, 1, 2, 3, 6, 7]
    assert first_clicks(CLICKS.reverse(), "user", "item").collect().filter(user="u", item="milk")["time"].to_list() == [7]
    splits, said = prepared(split="time", valid_fraction=0.33)
    assert splits["u", "milk"] == splits["v", "milk"] == "train"
    assert {pair for pair, split in splits.items() if split == "valid"} == {("v", "fig"), ("u", "fig")}
    assert said == ["t: 7 repeated clicks count once, as of each pair's first."]
    splits, _ = prepared(split="last_out")
    assert {pair for pair, split in splits.items() if split == "valid"} == {("v", "fig"), ("u", "fig")}


def test_clicks_that_do_not_repeat_are_not_mentioned() -> None:
    config = RatingsConfig(rating=None, time="time", split="last_out")
    once = CLICKS.unique(["user", "item"], keep="first")
    assert prepare_interactions(SourceTable(once), config, "t").notes == []


@pytest.mark.parametrize(
    ("options", "milk"), [({"split": "time", "valid_fraction": 0.33}, 6), ({"split": "last_out"}, 7), ({}, 8)]
)
def test_weights_of_repeated_clicks_are_added_up_to_the_split(options: dict[str, Any], milk: int) -> None:
    weights, said = prepared(weight="w", **options)
    assert weights == {("u", "milk"): milk, ("v", "milk"): 2, ("u", "tea"): 1, ("v", "tea"): 4, ("v", "fig"): 1, ("u", "fig"): 1}
    said = [each for each in said if "repeated" in each]
    before = ", in training those before the split" if options else ""
    assert said == [f"t: 7 repeated clicks count once, as of each pair's first; weights are added up{before}."]


def test_a_pair_of_two_parts_is_of_training(
    as_frame: Callable[..., pl.DataFrame], rows: list[tuple[Any, ...]], open_ratings: Callable[..., Ratings]
) -> None:
    again = [*rows[:5], *rows]
    parts = as_frame(again).with_columns(part=pl.Series(["test"] * 5 + ["train"] * 50 + ["val"] * 5 + ["test"] * 5), w=1.0)
    data = open_ratings(parts, rating=None, split_column="part", weight="w")
    assert {split: data.provenance[split] for split in ("train", "valid", "test")} == {"train": 50, "valid": 5, "test": 5}
    assert data.arrays().weights.tolist() == [1.0] * 60  # what was clicked again in the test weighs nothing in training


def test_parts_of_files_do_not_hide_the_first_click_where_time_splits_anew() -> None:
    rows = [
        ("u", "a", 100, "train"),
        ("u", "a", 1, "test"),
        ("u", "b", 50, "train"),
        ("v", "a", 60, "train"),
        ("v", "b", 90, "train"),
    ]
    frame = pl.LazyFrame(rows, schema=["user", "item", "time", "__split"], orient="row")
    config = RatingsConfig(rating=None, time="time", split="time", valid_fraction=0.25)
    found = prepare_interactions(SourceTable(frame), config, "t").frame.select("user", "item", "time").collect()
    assert ("u", "a", 1) in found.rows()
    assert first_clicks(frame, "user", "item", "time").collect().filter(user="u", item="a")["time"].to_list() == [100]
