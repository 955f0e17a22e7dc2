"""A column of dates that nobody named is found where it is the only one, said, and kept for prediction."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from practicum.lightning_shim import MisconfigurationException

DAYS = [datetime.date(2020, 1, 1) + datetime.timedelta(days=3 * row) for row in range(120)]


def table(**more: Any) -> pl.DataFrame:
    return pl.DataFrame({"size": np.arange(120) / 7, "sold": np.arange(120) * 1.0, **more})


def texts(form: str = "%Y-%m-%d") -> list[str]:
    return [day.strftime(form) for day in DAYS]


@pytest.mark.parametrize("days", [texts(), texts("%d.%m.%Y"), texts("%b %d, %Y"), DAYS])
def test_the_only_dates_are_learnt_from(
    open_table: Callable[..., Any], caplog: pytest.LogCaptureFixture, days: list[Any]
) -> None:
    with caplog.at_level("INFO", logger="practicum"):
        data = open_table(table(when=days))
    steps = data.arrays().steps
    assert (steps.date, "when" in steps.categorical) == ("when", False)
    assert {"when_month", "when_day_of_week"} <= {*steps.categorical}
    assert "column 'when' holds dates, whose parts are learnt from; date=when would also validate on the newest" in caplog.text
    validated = data.source_rows("valid")["size"].to_list()
    assert max(validated) - min(validated) > 10  # of all times: the split is the same as without dates


@pytest.mark.parametrize(
    "more",
    [
        {"a": texts(), "b": texts()},  # which one?
        {"a": [*texts()[:-4], "soon", "late", "now", "then"]},  # not all of them are dates
        {"a": [*texts()[:-1], "soon"], "b": [*texts()[:-1], "late"]},  # which one?
        {"a": [f"{row % 12 + 1}.{row % 12 + 1}.{row % 80 + 10}" for row in range(119)] + ["1.40.12"]},  # versions
        {"a": texts("%Y-%m")[:1] * 60 + ["2021-05"] * 60},  # two months: a category
        {"a": texts(), "a_month": np.arange(120) % 12},  # would be made twice
        {"a": np.arange(120) + 2000},  # numbers
    ],
)
def test_what_is_not_plain_is_left_as_it_is(open_table: Callable[..., Any], more: dict[str, Any]) -> None:
    assert open_table(table(**more)).arrays().steps.date is None


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y", "%Y-%m-%d %H:%M:%S"])
@pytest.mark.parametrize(("row", "odd"), [(5, "TBD"), (118, "soon"), (0, "0000-00-00")])
def test_one_wrong_date_is_named(open_table: Callable[..., Any], form: str, row: int, odd: str) -> None:
    days = texts(form)
    days[row] = odd
    with pytest.raises(
        MisconfigurationException,
        match=f"column 'when' should be a date: 119 of 120 values read as {form}, but row {row + 1} holds '{odd}'; correct it",
    ):
        open_table(table(when=days))
    assert open_table(table(when=days), csv_format={"na_values": [odd]}).arrays().steps.date == "when"
    assert open_table(table(when=days), categorical=["when"]).arrays().steps.date is None


def test_dates_beside_a_column_with_a_wrong_one_are_learnt_from(
    open_table: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    data = open_table(table(when=texts(), other=[*texts()[:-1], "soon"]))
    assert data.arrays().steps.date == "when"
    assert "column 'other' looks like dates ('2020-01-01') in 119 of 120 values, and is read as text" in caplog.text


def test_an_option_decides(open_table: Callable[..., Any]) -> None:
    assert open_table(table(a=texts()), categorical=["a"]).arrays().steps.date is None
    assert open_table(table(a=texts()), ignore=["a"]).arrays().steps.date is None
    assert open_table(table(a=texts()), date_parts=False).arrays().steps.date is None
    assert open_table(table(a=texts(), b=texts()), date="b", split="random").arrays().steps.date == "b"


def test_cyclic_parts_know_no_single_week(open_table: Callable[..., Any]) -> None:
    steps = open_table(table(a=texts()), date_parts="cyclic").arrays().steps
    assert {*steps.categorical} == {"a_day_of_week"}
    assert {*steps.continuous} == {"size", "a_year_sin", "a_year_cos", "a_elapsed"}
    frame = pl.DataFrame({"size": [1.0, 1.0], "a": ["2020-07-01", "2020-01-01"]})
    _, numbers, _ = steps.transform(frame, "new")
    fitted = steps.continuous["a_year_sin"]
    angle = 2 * np.pi * 183 / 365.25  # the 183rd day of a leap year
    assert numbers[0, [*steps.continuous].index("a_year_sin")] * fitted.std + fitted.mean == pytest.approx(
        np.sin(angle), abs=1e-5
    )
