"""Parts of dates against the standard library's calendar."""

from __future__ import annotations

import calendar
import datetime

import polars as pl
import pytest
from practicum.datamodules.tabular.date_parts import date_parts, holiday_names, part_names
from practicum.lightning_shim import MisconfigurationException


def test_parts_equal_the_standard_librarys() -> None:
    days = [datetime.date(2019, 12, 1) + datetime.timedelta(days=n) for n in range(500)]
    categorical, continuous = date_parts("d", has_time=False)
    rows = pl.DataFrame({"d": days}).select("d", **categorical, **continuous).to_dicts()
    for row in rows:
        day = row["d"]
        last = calendar.monthrange(day.year, day.month)[1]
        assert (row["d_year"], row["d_month"], row["d_day"]) == (day.year, day.month, day.day)
        assert (row["d_week"], row["d_day_of_week"]) == tuple(day.isocalendar())[1:]
        assert row["d_day_of_year"] == day.timetuple().tm_yday
        assert row["d_elapsed"] == (day - datetime.date(1970, 1, 1)).days
        assert (row["d_month_start"], row["d_month_end"]) == (day.day == 1, day.day == last)
        assert row["d_quarter_start"] == (day.day == 1 and day.month in (1, 4, 7, 10))
        assert row["d_quarter_end"] == (day.day == last and day.month in (3, 6, 9, 12))
        assert (row["d_year_start"], row["d_year_end"]) == ((day.month, day.day) == (1, 1), (day.month, day.day) == (12, 31))


def test_the_hour_is_a_part_of_times() -> None:
    categorical, _ = date_parts("t", has_time=True)
    assert pl.DataFrame({"t": [datetime.datetime(2020, 1, 1, 17, 5)]}).select(categorical["t_hour"]).item() == 17


def test_holidays_by_name() -> None:
    days = pl.Series("day", [datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)])
    assert holiday_names(days, "DE").to_list() == ["New Year's Day", None]
    epiphany = pl.Series("day", [datetime.date(2020, 1, 6)])
    assert holiday_names(epiphany, "DE").to_list() == [None]
    assert holiday_names(epiphany, "DE-BY").to_list() == ["Epiphany"]
    with pytest.raises(MisconfigurationException, match="holidays=XX: "):
        holiday_names(days, "XX")


def test_names_of_all_parts() -> None:
    assert {"day_month", "day_hour", "day_elapsed", "day_holiday"} < part_names("day")
