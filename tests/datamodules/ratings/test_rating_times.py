"""Times of ratings: formats and units are found, said, and hold for new pairs."""

from __future__ import annotations

import datetime
from typing import Any

import polars as pl
import pytest
from practicum.datamodules.ratings.rating_times import add_time_bins, find_time_format, parse_new_times, parse_times
from practicum.datamodules.ratings.ratings_config import RatingsConfig
from practicum.lightning_shim import MisconfigurationException

ROWS = pl.LazyFrame({"time": [30, 20, 10, 40], "user": ["u", "v", "w", "x"]})


def test_times_that_are_strings_become_dates() -> None:
    frame = pl.LazyFrame({"time": ["31.03.2020", "01.04.2020"]})
    form, _ = find_time_format(frame, RatingsConfig(time="time"), "t")
    assert parse_times(frame, "time", form, "t").collect()["time"].to_list() == [
        datetime.date(2020, 3, 31),
        datetime.date(2020, 4, 1),
    ]
    assert parse_times(ROWS, "time", None, "t").collect().equals(ROWS.collect())
    assert parse_times(ROWS, None, None, "t").collect().equals(ROWS.collect())


def test_time_bins_of_seconds_and_of_dates_agree() -> None:
    day = datetime.date(2020, 3, 31)
    seconds = (day - datetime.date(1970, 1, 1)).days * 86400
    for value in (day, seconds):
        assert add_time_bins(pl.LazyFrame({"time": [value]}), "time", 30).collect()["time_bin"].to_list() == [
            seconds // 86400 // 30
        ]
    assert add_time_bins(pl.LazyFrame({"user": [1]}), "time", 30).collect()["time_bin"].to_list() == [None]
    assert "time_bin" not in add_time_bins(ROWS, "time", None).collect().columns


@pytest.mark.parametrize(("unit", "scale"), [("epoch_s", 1), ("epoch_ms", 10**3), ("epoch_us", 10**6), ("epoch_ns", 10**9)])
def test_units_make_the_same_bins(unit: str, scale: int) -> None:
    seconds = [1500000000 + 86400 * day for day in range(20)]
    frame = pl.LazyFrame({"time": [each * scale for each in seconds]})
    form, _ = find_time_format(frame, RatingsConfig(time="time", time_bin_days=1), "t")
    assert form == unit
    bins = add_time_bins(frame, "time", 1, form).collect()["time_bin"].to_list()
    assert bins == [each // 86400 for each in seconds]


@pytest.mark.parametrize("times", [[2001, 2015], [5e13, 6e13], [1536507914000, 7]])
def test_numbers_that_are_no_times_are_refused_where_bins_are_wanted(times: list[Any]) -> None:
    with pytest.raises(MisconfigurationException, match="which time_bin_days needs; name it in the option date_format"):
        find_time_format(pl.LazyFrame({"time": times}, strict=False), RatingsConfig(time="time", time_bin_days=1), "t")


def test_other_numbers() -> None:
    bins = RatingsConfig(time="time", time_bin_days=1)
    assert find_time_format(pl.LazyFrame({"time": [20260131, 20260201]}), bins, "t")[0] == "%Y%m%d"
    form, notes = find_time_format(ROWS, bins, "t")
    assert form is None
    assert "goes from 10 to 40, and is read as seconds" in notes[0][1]
    assert find_time_format(ROWS, RatingsConfig(time="time"), "t") == (None, [])


def test_new_times_have_the_unit_of_training() -> None:
    new = pl.LazyFrame({"time": ["1500000000000"]})
    assert parse_new_times(new, "time", "epoch_ms", "t").collect()["time"].to_list() == [1.5e12]
    with pytest.raises(
        MisconfigurationException, match="looks like epoch_ms .*, and training had epoch_s; write times as in training"
    ):
        parse_new_times(new, "time", "epoch_s", "t")
    day = pl.LazyFrame({"time": ["05/11/2021"]})
    assert parse_new_times(day, "time", "%d/%m/%Y", "t").collect()["time"].to_list() == [datetime.date(2021, 11, 5)]
    with pytest.raises(MisconfigurationException, match="it reads as %d/%m/%Y but row 1 does not"):
        parse_new_times(pl.LazyFrame({"time": ["11/25/2021"]}), "time", "%d/%m/%Y", "t")
    assert parse_new_times(ROWS.drop("time"), "time", "epoch_s", "t").collect().columns == ["user"]
