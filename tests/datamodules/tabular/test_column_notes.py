"""What is said about columns."""

from __future__ import annotations

import polars as pl
import pytest
from practicum.datamodules.tabular.column_notes import (
    kind_of_target,
    missing_values,
    names_of_splits,
    strange_numbers,
    strange_text,
)


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


@pytest.mark.parametrize("values", [[-999.0, 0, 5], [-999, -1, 3], [20, 30, -999, 40000], [1, 2, 9999, 9999], [-99999, 0.5]])
def test_numbers_that_stand_for_a_missing_value(values: list[float]) -> None:
    notes = strange_numbers(pl.Series("x", values, strict=False), "t")
    assert "if it stands for a missing value" in notes[0]
    assert "column 'x' holds " in notes[0]


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
