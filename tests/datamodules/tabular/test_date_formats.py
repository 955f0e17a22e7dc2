"""Formats of dates: found in training, applied to new rows, and nothing is misread."""

from __future__ import annotations

import datetime
from typing import Any

import polars as pl
import pytest
from practicum.datamodules.tabular.date_formats import (
    FORMATS,
    check_format,
    find_format,
    parse_dates,
    time_unit,
)
from practicum.lightning_shim import MisconfigurationException

DAY = datetime.date(2021, 11, 25)
TIME = datetime.datetime(2021, 11, 25, 10, 5)


def as_column(*values: Any) -> pl.Series:
    return pl.Series("day", values)


@pytest.mark.parametrize(
    ("text", "form", "wanted"),
    [
        ("2021-11-25", "%Y-%m-%d", DAY),
        ("25.11.2021", "%d.%m.%Y", DAY),
        ("11/25/2021", "%m/%d/%Y", DAY),
        ("25/11/2021", "%d/%m/%Y", DAY),
        ("25-11-2021", "%d-%m-%Y", DAY),
        ("25/11/21", "%d/%m/%y", DAY),
        ("25.11.21", "%d.%m.%y", DAY),
        ("20211125", "%Y%m%d", DAY),
        ("25 Nov 2021", "%d %b %Y", DAY),
        ("November 25, 2021", "%b %d, %Y", DAY),
        ("2021-11", "%Y-%m", datetime.date(2021, 11, 1)),
        ("2021-11-25 10:05", "%Y-%m-%d %H:%M", TIME),
        ("2021-11-25T10:05:00Z", "%Y-%m-%dT%H:%M:%S%z", TIME),
        ("2021-11-25T12:05:00+02:00", "%Y-%m-%dT%H:%M:%S%z", TIME),
        ("2021-11-25 04:35:00-0530", "%Y-%m-%d %H:%M:%S%z", TIME),
        ("2021-11-25T10:05:00.250", "%Y-%m-%dT%H:%M:%S", TIME + datetime.timedelta(milliseconds=250)),
        ("25/11/2021 10:05 AM", "%d/%m/%Y %I:%M %p", TIME),
        ("1637834700", "epoch_s", TIME),
        (1637834700, "epoch_s", TIME),
        (1637834700000.0, "epoch_ms", TIME),
        ("1637834700000000", "epoch_us", TIME),
        ("20211125100500", "%Y%m%d%H%M%S", TIME),
    ],
)
def test_what_is_read(text: Any, form: str, wanted: Any) -> None:
    found, _ = find_format(as_column(text, None), "t")
    assert found == form
    assert parse_dates(as_column(text, None), found, "t").to_list() == [wanted, None]


@pytest.mark.parametrize("text", ["soon", "2021-02-30", "202111", "44197", "2021-W47", "10:05", "25/11/0021", 2021, 44197, 1.5])
def test_what_is_refused(text: Any) -> None:
    with pytest.raises(MisconfigurationException, match=r"t: column 'day'.*not (a date|one)|row 1 is not one"):
        find_format(as_column(text), "t")


@pytest.mark.parametrize(
    ("texts", "read", "other"),
    [
        (("05/11/2021", "03/04/2021"), "%m/%d/%Y", "%d/%m/%Y"),
        (("05-11-2021",), "%d-%m-%Y", "%m-%d-%Y"),
        (("05/11/21", "03/04/21"), "%m/%d/%y", "%d/%m/%y"),
        (("05/11/2021 10:00",), "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"),
    ],
)
def test_an_ambiguous_format_is_said_and_can_be_told(texts: tuple[str, ...], read: str, other: str) -> None:
    found, notes = find_format(as_column(*texts), "t")
    assert found == read
    assert f"it is read as {read}" in notes[0]
    assert f"set date_format={other}" in notes[0]
    told, notes = find_format(as_column(*texts), "t", other)
    assert (told, notes) == (other, [])
    assert parse_dates(as_column(*texts), told, "t")[0] != parse_dates(as_column(*texts), found, "t")[0]


def test_one_clear_row_decides_for_all() -> None:
    assert find_format(as_column("05/11/2021", "25/11/2021"), "t") == ("%d/%m/%Y", [])


def test_a_format_holds_for_new_rows() -> None:
    assert parse_dates(as_column("05/11/2021"), "%d/%m/%Y", "t").to_list() == [datetime.date(2021, 11, 5)]
    assert parse_dates(as_column("2021-11-05"), "%d/%m/%Y", "t").to_list() == [datetime.date(2021, 11, 5)]  # can't be mistaken
    assert parse_dates(as_column(DAY), "%d/%m/%Y", "t").to_list() == [DAY]
    for text, form in (("11/25/2021", "%d/%m/%Y"), ("05/11/21", "%d/%m/%Y"), ("1637834700", "epoch_ms"), ("2021-11", "%Y-%m-%d")):
        with pytest.raises(MisconfigurationException, match=rf"new: .*it reads as {form} but row 1 does not \('{text}'\)"):
            parse_dates(as_column(text), form, "new")
    assert parse_dates(as_column("2018-09-09"), "epoch_ms", "t").to_list() == [datetime.date(2018, 9, 9)]
    with pytest.raises(MisconfigurationException, match="training had dates rather than texts"):
        parse_dates(as_column("05/11/2021"), None, "new")


def test_only_texts_that_may_be_two_dates_are_refused_where_training_had_dates() -> None:
    for text in ("2021-11-25 12:05:00+02:00", "2021-11-25T11:05:00.000000+0100", "2021-11-25T10:05:00Z", "25.11.2021 10:05"):
        assert parse_dates(as_column(text), None, "new").to_list() == [TIME], text
    assert parse_dates(as_column("25.11.21"), None, "new").to_list() == [DAY]
    assert parse_dates(as_column("05/05/2021"), None, "new").to_list() == [datetime.date(2021, 5, 5)]  # is the same in either
    for ambiguous in ("05/11/2021", "05-11-21", "05/11/2021 10:00"):
        for form in (None, "zone:UTC"):
            with pytest.raises(MisconfigurationException, match="new: column 'day' may be read with days or with months first"):
                parse_dates(as_column(ambiguous), form, "new")


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_a_time_zone_holds_for_new_rows(zone: str) -> None:
    times = pl.Series("day", [TIME, TIME + datetime.timedelta(days=200)]).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    form, notes = find_format(times, "t")
    assert (form, notes) == (f"zone:{zone}", [])
    check_format("Table", form)
    utc = times.dt.convert_time_zone("UTC")
    written = [
        *(times.dt.to_string(each) for each in ("%Y-%m-%d %H:%M:%S%:z", "%Y-%m-%dT%H:%M:%S%.6f%z", "%Y-%m-%d %H:%M")),
        utc.dt.to_string("%Y-%m-%dT%H:%M:%SZ"), utc.dt.epoch("s"), utc, times,
    ]  # fmt: skip
    for values in written:
        read = parse_dates(values, form, "new")
        assert (read == times).all(), values
        assert read.dt.hour().to_list() == times.dt.hour().to_list(), values


def test_dates_with_a_zone_are_in_utc_where_training_had_offsets() -> None:
    times = pl.Series("day", [TIME]).dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")
    assert parse_dates(times, "%Y-%m-%d %H:%M:%S%z", "new").to_list() == [TIME]


def test_years_of_two_digits_and_offsets_are_said() -> None:
    assert "from 1999-12-31 to 2045-05-20" in find_format(as_column("31.12.99", "20.05.45"), "t")[1][0]
    assert "converted to UTC" in find_format(as_column("2021-11-25T12:05:00+02:00"), "t")[1][0]
    assert find_format(as_column("2021-11-25T12:05:00Z"), "t")[1] == []


def test_mixed_units_are_refused_with_a_row_of_each() -> None:
    mixed = as_column(1536507914000, 1536507917123000)
    for refuse in (find_format, time_unit):
        with pytest.raises(
            MisconfigurationException, match=r"row 1 \(1536507914000\) looks like milliseconds.*row 2.*microseconds"
        ):
            refuse(mixed, "t")
    assert time_unit(as_column(1536507914, None), "t") == "epoch_s"
    assert time_unit(as_column(1, 2, 3), "t") is None
    assert time_unit(as_column(1, 1536507914), "t") is None


@pytest.mark.parametrize("form", ["%d/%m/%Y", "epoch_ms", "%Y-%m-%dT%H:%M:%S.%f%z", "%y%j", None])
def test_options_that_are_formats(form: str | None) -> None:
    check_format("Table", form)


@pytest.mark.parametrize("form", ["dayfirst", "%Q", "%H:%M", "%d", "%z%Y-%m"])
def test_options_that_are_none(form: str) -> None:
    with pytest.raises(MisconfigurationException, match="Table: date_format="):
        check_format("Table", form)


def test_every_format_is_found_in_a_column_that_has_it() -> None:
    days = [datetime.datetime(2032, 3, 25, 15, 6, 7), datetime.datetime(2033, 11, 28, 4, 59, 30)]
    for form in FORMATS:
        texts = pl.Series([day.strftime(form.replace("%z", "+0000")) for day in days])
        found, _ = find_format(texts, "t")
        assert (parse_dates(texts, found, "t") == parse_dates(texts, form, "t")).all(), form


def test_a_year_that_stands_for_no_end_is_named() -> None:
    dates = pl.Series("t", ["2024-05-01", "2024-05-02", "9999-12-31"])
    with pytest.raises(MisconfigurationException, match="row 3 .*9999-12-31.*years are 1500 to 2199"):
        find_format(dates, "t.csv")
