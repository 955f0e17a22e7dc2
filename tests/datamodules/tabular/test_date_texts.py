"""Columns of texts that are dates for the most part say what is wrong with the others; ordinary texts are left alone."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from practicum.datamodules.tabular.date_formats import FORMATS
from practicum.datamodules.tabular.date_texts import dates_as_text, dates_in, refuse_odd_dates
from practicum.lightning_shim import MisconfigurationException

DAYS = [datetime.datetime(2020, 1, 1, 15, 6) + datetime.timedelta(days=3 * row, minutes=row) for row in range(200)]


def column(*forms: str, odd: dict[int, str | None] | None = None) -> pl.Series:
    texts: list[str | None] = [day.strftime(forms[row % len(forms)]) for row, day in enumerate(DAYS)]
    for row, text in (odd or {}).items():
        texts[row] = text
    return pl.Series("when", texts)


def test_dates_in_every_format_are_found() -> None:
    for form in FORMATS[::9]:
        found = dates_in(column(form.replace("%z", "+0000"), odd={3: None}))
        assert found is not None, form
        assert found.are_all, form


@pytest.mark.parametrize("values", [["12", "13"], ["a", "b 2021-05-01"], ["1.2.3", None], [None], ["99/99/2021"]])
def test_other_texts_are_no_dates(values: list[str | None]) -> None:
    texts = pl.Series("x", values, pl.String)
    assert dates_in(texts) is None
    assert dates_as_text(texts, "t") is None


def test_a_few_odd_texts_are_mistakes_and_many_are_not() -> None:
    for odd in ({5: "TBD"}, {199: "2020-02-30", 0: "0000-00-00"}, dict.fromkeys(range(4), "later")):
        found = dates_in(column("%Y-%m-%d", odd=odd))
        assert found is not None
        assert (found.are_all, found.are_most) == (False, True)
        with pytest.raises(MisconfigurationException, match=rf"row {min(odd) + 1} holds '{odd[min(odd)]}'"):
            refuse_odd_dates(column("%Y-%m-%d", odd=odd), found, "t")
    found = dates_in(column("%Y-%m-%d", odd=dict.fromkeys(range(5), "later")))
    assert found is not None
    assert not found.are_most


def test_what_keeps_a_column_from_being_dates_is_said() -> None:
    said = dates_as_text(column("%d/%m/%Y"), "t")
    assert said is not None
    assert "t: column 'when' looks like dates ('01/01/2020') and is read as text; name it in the option date" in said
    said = dates_as_text(column("%Y-%m-%d", odd={row: f"late {row}" for row in range(60)}), "t")
    assert said is not None
    assert "looks like dates ('2020-06-29') in 140 of 200 values, and is read as text because of the others, as 'late 0'" in said
    assert dates_as_text(column("%Y-%m-%d", odd={row: f"late {row}" for row in range(120)}), "t") is None


@pytest.mark.parametrize(
    ("one", "other"), [("%Y-%m-%d", "%d.%m.%Y"), ("%d/%m/%Y", "%Y-%m-%d"), ("%Y-%m-%d", "%Y-%m-%d %H:%M"), ("%b %Y", "%Y-%m")]
)
def test_two_formats_in_one_column_are_said(one: str, other: str) -> None:
    values = column(one, one, other, odd={0: "TBD"})
    said = dates_as_text(values, "t")
    assert said is not None
    assert f"column 'when' holds dates in more than one format, as '{values[1]}' ({one}) in row 2" in said
    assert f"'{values[2]}' ({other}) in row 3, and is read as text; write all of them in one" in said


def test_dates_after_many_gaps_are_found() -> None:
    days = [f"2020-01-{1 + number % 28:02}" for number in range(300)]
    found = dates_in(pl.Series("closed", [None] * 12_000 + days))
    assert found is not None
    assert found.form == "%Y-%m-%d"
