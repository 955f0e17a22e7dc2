"""What is said of ratings that may not be meant so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from practicum.datamodules import Ratings
from practicum.datamodules.ratings.rating_checks import strange_ratings
from practicum.datamodules.ratings.rating_notes import looks_like_counts, unrated_mark, unused_flags, unused_times
from practicum.datamodules.ratings.ratings_config import RatingsConfig
from practicum.datamodules.tabular.source_table import SPLIT_COLUMN

TEN = [*range(1, 11)] * 4
FIVES = [5] * 20 + [4] * 10 + [3] * 6 + [2] * 3 + [1] * 2
HALVES = [step / 2 for step in range(1, 11)] * 4


@pytest.mark.parametrize(
    ("ratings", "mark", "why"),
    [
        ([-1] * 10 + TEN, "-1", "below a scale from 1 to 10"),
        ([-1.0] * 10 + HALVES, "-1", "below a scale from 0.5 to 5"),
        ([0.0] * 10 + HALVES, "0", "more than 2 times as many as have 0.5"),
        ([0] * 12 + FIVES, "0", "more than 2 times as many as have 1"),
        ([0] * 40 + FIVES, "0", "more than any other"),
        ([-1] * 3 + [2, 4, 6, 10] * 5, "-1", "below a scale from 2 to 10"),
    ],
)
def test_a_number_that_may_mean_not_rated_is_said(ratings: list[float], mark: str, why: str) -> None:
    (note,) = strange_ratings(pl.LazyFrame({"stars": ratings}), "stars", False, "t.csv")
    assert f"rows have the stars {mark}, {why}; if that means not rated" in note
    # As a mark of missing values 0 would leave out the user and the item 0, too.
    assert (f"set data.csv_format.na_values=[{mark}]" in note) is (mark == "-1")
    assert strange_ratings(pl.LazyFrame({"stars": ratings}), "stars", True, "t.csv") == []


@pytest.mark.parametrize(
    "ratings",
    [
        TEN,
        [0, 0, 0, 1, 1],
        [-1, 1] * 20,  # thumbs
        [-1, 0, 1] * 20,
        [-2, -1, 0, 1, 2] * 9,
        [0, 0, 0, 0, *TEN],  # of a scale from 0
        [-1, *TEN * 10],  # once
        [0] * 30 + [*range(1, 101)] + [80] * 50,  # per cent
        [0] * 9 + [1.1, 2.35, 4.9, 7.77] * 5,  # no scale
        [],
    ],
)
def test_ordinary_ratings_are_not_mentioned(ratings: list[float]) -> None:
    assert unrated_mark(pl.Series("stars", ratings, dtype=pl.Float64), "t.csv") == []


def test_a_mark_that_is_far_off_is_said_once() -> None:
    notes = strange_ratings(pl.LazyFrame({"stars": [-99] * 10 + TEN}), "stars", False, "t.csv")
    assert len(notes) == 1


def test_the_advice_on_marks_leaves_the_rows_out(
    tmp_path: Path, frame: pl.DataFrame, open_ratings: Callable[..., Ratings], caplog: pytest.LogCaptureFixture
) -> None:
    marked = pl.when(pl.col("time") % 5 == 0).then(-1).otherwise("rating")
    frame.with_columns(rating=marked).write_csv(tmp_path / "r.csv")
    assert not open_ratings(tmp_path / "r.csv").rejected
    assert "12 of 60 rows have the rating -1, below a scale from 2 to 5" in caplog.text
    caplog.clear()
    data = open_ratings(tmp_path / "r.csv", csv_format={"na_values": [-1]})
    assert (len(data.rejected), data.describe()["target"]["min"]) == (12, 2)
    assert "not rated" not in caplog.text


def test_counts_that_are_learnt_as_ratings_are_said() -> None:
    rng = np.random.default_rng(0)
    plays = pl.Series("plays", np.ceil(np.exp(1 + rng.normal(0, 1.5, 500))).astype(int))
    (note,) = looks_like_counts(plays, "t.csv")
    assert "t.csv: plays looks like a count, of plays or purchases (half are at most 3, the greatest" in note
    assert "take experiment=clicks data.weight=plays in place of data.rating." in note
    assert note in strange_ratings(pl.LazyFrame({"plays": plays}), "plays", False, "t.csv")
    for others in (TEN, FIVES, [*range(101)], [0] * 30 + TEN, [99] * 20 + TEN, [50, 500, *TEN], (plays + 0.5).to_list(), []):
        assert looks_like_counts(pl.Series("x", others, dtype=pl.Float64), "t.csv") == []


def test_a_column_that_says_which_rows_are_clicks_is_named() -> None:
    shown = pl.LazyFrame(
        {"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], "click": [0, 1, 1, 0], "old": [0, 0, 1, 1], "n": [3, 1, 0, 1]}
    )
    clicks = RatingsConfig(rating=None)
    (note,) = unused_flags(shown.drop("old"), clicks, "t.csv")
    assert "t.csv: every row counts as a click, though 'click' is 0 in 2 of 4 rows; if it says whether there was one" in note
    assert "set data.rating=click data.positive_threshold=1 (and data.duplicates=max where pairs repeat)." in note
    assert unused_flags(shown.drop("old").with_columns(pl.col("click").cast(pl.Boolean)), clicks, "t.csv")
    assert unused_flags(shown.drop("click"), clicks, "t.csv") == []  # old is a user's
    assert unused_flags(shown, RatingsConfig(rating="click"), "t.csv") == []
    assert unused_flags(shown.drop("old"), RatingsConfig(rating=None, weight="click"), "t.csv") == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"time": "t"}, True),
        ({}, False),
        ({"time": "t", "split": "time"}, False),
        ({"time": "t", "split_column": "part"}, False),
        ({"time": "t", "duplicates": "last"}, False),
        ({"time": "t", "time_bin_days": 30}, False),
    ],
)
def test_times_without_a_use_are_said(options: dict[str, Any], said: bool) -> None:
    config = RatingsConfig(**options)
    found = unused_times(["user", "item", "t"], config, "t.csv")
    assert found == (
        ["t.csv: ratings are split at random, whatever their t; data.split=time tests on the newest."] if said else []
    )
    assert unused_times(["user", "item", "t", SPLIT_COLUMN], config, "t.csv") == []
