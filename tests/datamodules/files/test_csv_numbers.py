"""Numbers are read as people write them, and what is none stays text."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from practicum.datamodules.files.csv_numbers import as_plain_number, find_decimal, is_number

HERE = Path("t.csv")


@pytest.mark.parametrize(
    "text", ["1", "-1.5", "+2", "1e-5", ".5", "5.", "1,5", "1,074", "1.074,5", "1 074", "1\xa0074,5", "1'074"]
)
def test_numbers_in_usual_notations(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize("text", ["", "a", "1-2", "12:30", "1.2.3", "01.03.2021", "1,2,3", "--1", "5'", "1 2"])
def test_what_is_no_number(text: str) -> None:
    assert not is_number(text)


@pytest.mark.parametrize(
    ("values", "delimiter", "expected"),
    [
        (["0.5", "1.299"], ",", (".", None)),
        (["0,5", "1,299"], ";", (",", None)),
        (["1.299,99", "7"], ";", (",", ".")),
        (["1,299.99", "7"], ",", (".", ",")),
        (["1,074", "12,500"], ",", (".", ",")),
        (["1.234.567", "5"], ";", (",", ".")),
        (["1 074,5", "3"], ";", (",", " ")),
        (["1'074.5", "3"], ",", (".", "'")),
        (["1", "2"], ";", (".", None)),
        (["a,5", "b,6"], ";", (".", None)),
    ],
)
def test_decimal_and_thousands_signs(values: list[str], delimiter: str, expected: tuple[str, str | None]) -> None:
    assert find_decimal(HERE, [[value] for value in values], delimiter) == expected


def test_a_decimal_sign_that_is_told_is_taken() -> None:
    assert find_decimal(HERE, [["1,299"]], ",", ",") == (",", None)
    assert find_decimal(HERE, [["1.299"]], ";", ",") == (",", ".")


def test_numbers_are_rewritten_exactly_or_not_at_all() -> None:
    values = pl.DataFrame({"x": ["1.234,5", "-0,25", "1e3", "12.34", "x", None, "1.23", ",5"]})
    found = values.select(as_plain_number(pl.col("x"), ",", ".").cast(pl.Float64))["x"].to_list()
    assert found == [1234.5, -0.25, 1000.0, None, None, None, None, 0.5]
