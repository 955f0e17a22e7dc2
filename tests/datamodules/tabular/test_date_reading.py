"""Texts are read in a format of dates exactly, or not at all."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from practicum.datamodules.tabular.date_reading import has_shape, pattern, read_dates

DAY = datetime.date(2021, 11, 25)


@pytest.mark.parametrize(
    ("form", "text", "wanted"),
    [
        ("%d.%m.%Y", "25.11.2021", DAY),
        ("%d.%m.%Y", "25.11.21", None),
        ("%d.%m.%Y", "25.11.2021 ", None),
        ("%Y-%m-%d", "2021-02-30", None),
        ("%b %Y", "november 2021", datetime.date(2021, 11, 1)),
        ("%Y-%m-%dT%H:%M:%S%z", "2021-11-25T12:05:00.5+02:00", datetime.datetime(2021, 11, 25, 10, 5, 0, 500_000)),
        ("%Y-%m-%d %H:%M", "2021-11-25", None),
    ],
)
def test_what_is_read(form: str, text: str, wanted: datetime.date | None) -> None:
    assert read_dates(pl.Series([text, None]), form).to_list() == [wanted, None]


def test_a_shape_is_not_yet_a_date() -> None:
    assert has_shape(pl.Series(["2021-02-30", "2021-02", None]), "%Y-%m-%d").to_list() == [True, False, None]
    assert pattern("%d/%m").fullmatch("99/99")
