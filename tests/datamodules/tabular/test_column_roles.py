"""Roles are inferred from type, name and values."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from practicum.datamodules.tabular.column_roles import infer_role, is_mostly_numeric

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


def test_numbers_with_a_few_words_among_them_are_mostly_numeric() -> None:
    numbers = [str(n) for n in MANY]
    assert is_mostly_numeric(pl.Series([*numbers, "oops"]))
    assert not is_mostly_numeric(pl.Series(numbers))  # all are
    assert not is_mostly_numeric(pl.Series([*numbers, *(["word"] * 10)]))
    assert not is_mostly_numeric(pl.Series(MANY))
