"""Dates keep training's time zone, and new rows become the same moments in it."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from practicum.datamodules.files.say_once import forget_said
from practicum.datamodules.tabular.date_zones import in_zone, texts_in_zone, zone_format, zone_of

TIMES = pl.Series("when", [datetime.datetime(2021, 9, 1, 5) + datetime.timedelta(hours=37 * row) for row in range(120)])


def test_zones_are_named() -> None:
    berlin = TIMES.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")
    assert zone_format(TIMES) is None
    assert zone_format(TIMES.cast(pl.Date)) is None
    assert zone_format(berlin) == "zone:Europe/Berlin"
    assert zone_of("zone:Europe/Berlin") == "Europe/Berlin"
    assert [zone_of(each) for each in (None, "%Y-%m-%d", "epoch_s", "zone:")] == [None] * 4


def test_moments_stay_and_clocks_are_trainings() -> None:
    utc = TIMES.dt.replace_time_zone("UTC")
    assert in_zone(TIMES, "zone:Europe/Berlin").equals(TIMES)
    assert in_zone(utc, None).equals(utc)
    assert in_zone(utc, "%Y-%m-%dT%H:%M:%S%z").equals(TIMES)
    for read in (in_zone(utc, "zone:Europe/Berlin"), texts_in_zone(TIMES, "zone:Europe/Berlin", True, "t.csv")):
        assert read.dt.epoch().to_list() == utc.dt.epoch().to_list()
        assert read.dt.hour()[0] == 7
    clock = texts_in_zone(TIMES, "zone:Europe/Berlin", False, "t.csv")
    assert clock.dt.hour().to_list() == TIMES.dt.hour().to_list()


def test_a_time_that_no_clock_shows_is_missing_which_is_said(caplog: pytest.LogCaptureFixture) -> None:
    forget_said()
    twice, never = datetime.datetime(2021, 10, 31, 2, 30), datetime.datetime(2021, 3, 28, 2, 30)
    read = texts_in_zone(pl.Series("when", [twice, None]), "zone:Europe/Berlin", False, "t.csv")
    assert read.dt.epoch("s").to_list() == [1635640200, None]  # the first of both
    assert not caplog.messages
    assert texts_in_zone(pl.Series("when", [twice, never]), "zone:Europe/Berlin", False, "t.csv").null_count() == 1
    assert caplog.messages == [
        "t.csv: column 'when' holds 2021-03-28 02:30 in row 2, which no clock in Europe/Berlin shows, as its hour is "
        "skipped there; it counts as missing."
    ]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_a_table_of_the_same_times_is_the_same_in_any_form(tmp_path: Path, open_table: Callable[..., Any], zone: str) -> None:
    when = TIMES.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    frame = pl.DataFrame({"when": when, "x": np.arange(120) / 7, "sold": np.arange(120) * 1.0})
    frame.write_parquet(tmp_path / "t.parquet")
    data = open_table(tmp_path / "t.parquet", date="when")
    wanted = data.arrays()
    for name, texts in {
        "offset.csv": when.dt.to_string("%Y-%m-%d %H:%M:%S%:z"),
        "polars.csv": when,
        "utc.csv": TIMES.dt.to_string("%Y-%m-%dT%H:%M:%SZ"),
    }.items():
        frame.with_columns(when=texts).write_csv(tmp_path / name)
        codes, numbers = next(iter(data.for_prediction(tmp_path / name).predict_dataloader()))[0]
        assert np.array_equal(codes.numpy(), wanted.codes), name
        assert np.array_equal(numbers.numpy(), wanted.numbers), name
