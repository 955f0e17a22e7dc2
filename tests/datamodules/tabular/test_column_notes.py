"""What is said about columns."""

from __future__ import annotations

import polars as pl
import pytest
from practicum.datamodules.tabular.column_notes import (
    kind_of_target,
    left_out,
    missing_classes,
    missing_values,
    names_of_splits,
    strange_numbers,
    strange_text,
)
from practicum.datamodules.tabular.column_roles import ColumnRole


def test_a_column_of_splits_that_is_learnt_from_is_said() -> None:
    (note,) = names_of_splits(pl.Series("part", ["Train", "test", "val", None]), "t")
    assert "column 'part' names splits (Train, test, val) and is learnt from like any other" in note
    assert "split_column=part" in note
    for values in (["train", "bus"], ["train", "train"], ["valid", "test"]):
        assert names_of_splits(pl.Series("x", values), "t") == []
    assert names_of_splits(pl.Series("x", [1, 2]), "t") == []


def test_missing_values_are_counted() -> None:
    assert missing_values({"a": 0}, 10, "t") == []
    assert "(blank, NA, ?, ...), of 10 rows: a 2, b 1." in missing_values({"a": 2, "c": 0, "b": 1}, 10, "t")[0]
    assert "and 3 more columns" in missing_values({str(number): 1 for number in range(11)}, 10, "t")[0]


@pytest.mark.parametrize(
    "values", [[-999.0, 0, 5], [-999, -1, 3], [20, 30, -999, 40000], [1, 2, 9999, 9999], [-99999, 0.5], [-9.5, 9.5, 99, 99]]
)
def test_numbers_that_stand_for_a_missing_value(values: list[float]) -> None:
    notes = strange_numbers(pl.Series("x", values, strict=False), "t")
    assert "if it stands for a missing value" in notes[0]
    assert "column 'x' holds " in notes[0]


def test_columns_that_are_not_learnt_from_are_named() -> None:
    roles = [ColumnRole("a", "continuous", "decimal numbers"), ColumnRole("", "ignored", "numbers the rows")]
    (note,) = left_out(roles, "t")
    assert note == "t: not learnt from: '' (numbers the rows); the options categorical and continuous take a column in."
    assert left_out(roles[:1], "t") == []
    assert "and 3 more columns" in left_out([ColumnRole(str(n), "ignored", "empty") for n in range(11)], "t")[0]


@pytest.mark.parametrize("values", [[-999.0, -1000, 5], [999, 998, 1], [1.5, 2, None], [-9, 0, 5], [999, 1]])
def test_numbers_that_do_not(values: list[float]) -> None:
    assert strange_numbers(pl.Series("x", values, strict=False), "t") == []


def test_numbers_that_are_none() -> None:
    (note,) = strange_numbers(pl.Series("x", [1.0, float("inf"), float("nan"), 1e300]), "t")
    assert "2 values of column 'x' are infinite or too large" in note
    assert "row 2 (inf)" in note


def test_texts_that_may_be_numbers() -> None:
    numbers = [f"{number / 7:.3f}" for number in range(60)]
    assert "'n.a.' in 12 rows" in strange_text(pl.Series("x", ["n.a."] * 12 + numbers), "t")[0]
    assert "numbers with a unit" in strange_text(pl.Series("x", [f"${1000 + number:,}" for number in range(60)]), "t")[0]
    assert "looks like dates" in strange_text(pl.Series("x", [f"{day:02}/01/2021" for day in range(1, 29)]), "t")[0]
    for form in ("(%.2f)", "<%.1f", "≥%.1f", "%.1fk", "%.2f kg", "%.1f °C"):
        assert "signs around them" in strange_text(pl.Series("x", ["1.5", *(form % number for number in range(60))]), "t")[0]
    assert "signs around them" in strange_text(pl.Series("x", [f"{n // 3:02}:{n:02}" for n in range(60)]), "t")[0]
    codes = [f"{1000 + 7 * n} {'ABCDEFGHJK'[n % 10]}{'ABCDEFGHJK'[n // 6]}" for n in range(60)]
    for plain in (codes, [f"A{n}" for n in range(60)], [f"{n}-{n + 1}" for n in range(60)]):
        assert strange_text(pl.Series("x", plain), "t") == []
    for plain in (["a", "b"] * 30, [f"{number:05}" for number in range(60)], [f"name {number}" for number in range(60)]):
        assert strange_text(pl.Series("x", plain), "t") == []
    assert strange_text(pl.Series("x", [1, 2]), "t") == []


def test_the_kind_of_a_target_of_few_numbers_is_said() -> None:
    assert (
        "holds only 0, 1, 2, and is predicted as a number; kind=class" in kind_of_target(pl.Series("y", [0, 1, 2]), False, "t")[0]
    )
    assert "holds only 0, 1, and is predicted as classes; kind=number" in kind_of_target(pl.Series("y", [0.0, 1]), True, "t")[0]
    for plain in (pl.Series("y", ["a", "b"]), pl.Series("y", [0.5, 1]), pl.Series("y", range(30))):
        assert kind_of_target(plain, False, "t") == []


def test_many_rows_without_a_class_are_said() -> None:
    few = pl.Series("y", ["a", "b"] * 50 + [None])
    assert missing_classes(few, "t") == []
    assert missing_classes(few.drop_nulls(), "t") == []
    (said,) = missing_classes(pl.Series("y", ["a", None] * 20), "t")
    assert said.startswith("t: 20 of 40 rows have no y and are left out; should None, NA")
