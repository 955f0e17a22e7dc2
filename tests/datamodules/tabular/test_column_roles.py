"""Roles are inferred from type, name and values."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from practicum.datamodules.tabular.column_roles import infer_role, is_mostly_numeric, whole_as_integers

MANY = list(range(100))


@pytest.mark.parametrize(
    ("values", "role"),
    [
        (pl.Series("x", [1, 1, 1]), "ignored"),
        (pl.Series("x", [None, None], pl.Int64), "ignored"),
        (pl.Series("x", [True, False]), "categorical"),
        (pl.Series("x", [datetime.date(2020, 1, day) for day in (1, 2)]), "ignored"),
        (pl.Series("x", [datetime.time(8, minute) for minute in (1, 2)]), "ignored"),
        (pl.Series("x", [0.5, 1.5]), "continuous"),
        (pl.Series("x", [1, 2, 3]), "categorical"),
        (pl.Series("x", [1.0, 2.0, None, float("nan")]), "categorical"),
        (pl.Series("x", [1.0, 2.5, None]), "continuous"),
        (pl.Series("x", [1.0, 2.0, float("inf")]), "continuous"),
        (pl.Series("x", [1e300, 2.0]), "continuous"),
        (pl.Series("x", [float("nan"), None]), "ignored"),
        (pl.Series("price", [199.0 + 7 * n for n in MANY]), "continuous"),
        (pl.Series("user_id", [float(n) for n in MANY] * 2), "categorical"),
        (pl.Series("x", [float(n) for n in MANY]), "continuous"),
        (pl.Series("x", [3 * n for n in MANY]), "continuous"),
        (pl.Series("x", MANY), "ignored"),
        (pl.Series("x", [n + 1 for n in MANY]), "ignored"),
        (pl.Series("x", [n + 2 for n in MANY]), "continuous"),
        (pl.Series("Unnamed: 0", [(7 * n) % 100 for n in MANY]), "ignored"),
        (pl.Series("", MANY * 3), "ignored"),
        (pl.Series("age", [(7 * n) % 100 for n in MANY]), "continuous"),
        (pl.Series("", [n % 30 for n in MANY]), "continuous"),
        (pl.Series("x", [[1], [2], [3]]), "ignored"),
        (pl.Series("user_id", MANY), "ignored"),
        (pl.Series("user_id", MANY * 2), "categorical"),
        (pl.Series("x", [f"text {n}" for n in MANY]), "ignored"),
        (pl.Series("x", ["a", "b", "a"]), "categorical"),
    ],
)
def test_roles(values: pl.Series, role: str) -> None:
    found = infer_role(values)
    assert (found.column, found.role) == (values.name, role)
    assert found.reason


def test_whole_numbers_written_as_decimals_are_integers() -> None:
    frame = pl.LazyFrame(
        {"a": [1.0, None], "b": [1.0, 2.5], "c": [None, float("nan")], "d": [3.0, 4.0], "e": [1, 2]},
        schema_overrides={"c": pl.Float64},
    )
    assert whole_as_integers(frame, but=["d"]).collect().dtypes == [pl.Int64, pl.Float64, pl.Float64, pl.Float64, pl.Int64]
    late = pl.LazyFrame({"a": [*([1.0] * 5000), 2.5]})  # beyond a first look
    assert whole_as_integers(late).collect_schema()["a"] == pl.Float64
    single = whole_as_integers(pl.LazyFrame({"a": pl.Series([7.0, None], dtype=pl.Float32)})).collect()
    assert single["a"].to_list() == [7, None]


def test_numbers_with_a_few_words_among_them_are_mostly_numeric() -> None:
    numbers = [str(n) for n in MANY]
    assert is_mostly_numeric(pl.Series([*numbers, "oops"]))
    assert not is_mostly_numeric(pl.Series(numbers))  # all are
    assert not is_mostly_numeric(pl.Series([*numbers, *(["word"] * 10)]))
    assert not is_mostly_numeric(pl.Series(MANY))


def test_floats_that_rise_by_one_are_a_time_and_no_row_numbers() -> None:
    time = pl.Series("t", [float(number) for number in range(200)])
    assert infer_role(time).role == "continuous"
    assert infer_role(time.cast(pl.Int64)).role == "ignored"
    assert infer_role(pl.Series("t", [1.0, 2.0, None, 4.0] * 5)).role == "categorical"
