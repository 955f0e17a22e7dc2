"""Strings of frames as a file would have them, and texts that come back as they were written."""

from __future__ import annotations

import io
from decimal import Decimal

import polars as pl
import pytest
from practicum.datamodules.tabular.column_types import as_written, clean_text


def test_strings_of_a_frame_are_cleaned() -> None:
    frame = pl.LazyFrame({"a": [" x ", "", "?", "NA", None], "n": [1, 2, 3, 4, 5]})
    assert clean_text(frame).collect()["a"].to_list() == ["x", None, None, None, None]


@pytest.mark.parametrize("kind", [pl.Categorical(), pl.Enum(["a", "?", "NA", " b"])])
def test_marks_among_categories_are_missing(kind: pl.DataType) -> None:
    frame = pl.LazyFrame({"a": pl.Series(["a", "?", "NA", None, " b"], dtype=kind)})
    found = clean_text(frame).collect()["a"]
    assert found.to_list() == ["a", None, None, None, " b"]
    assert found.dtype == kind


def test_what_is_told_to_be_missing_is_missing_in_a_frame() -> None:
    frame = pl.LazyFrame({"a": ["None", "n.a.", ""], "i": [1, -999, 3], "f": [0.5, -999.0, 2.0], "flag": [True, False, True]})
    told = {"na_values": ["n.a.", "-999"], "keep_default_na": False, "delimiter": ";"}
    assert clean_text(frame, told).collect().to_dict(as_series=False) == {
        "a": ["None", None, None],
        "i": [1, None, 3],
        "f": [0.5, None, 2.0],
        "flag": [True, False, True],
    }


def test_numbers_of_a_frame_are_those_of_a_file() -> None:
    prices = pl.Series([Decimal("1.25"), None], dtype=pl.Decimal(38, 2))
    counts = pl.Series([Decimal(2), Decimal(3)], dtype=pl.Decimal(10, 0))
    frame = clean_text(pl.LazyFrame({"price": prices, "count": counts, "gap": [float("nan"), 1.5]})).collect()
    assert frame.to_dict(as_series=False) == {"price": [1.25, None], "count": [2, 3], "gap": [None, 1.5]}
    assert frame.dtypes == [pl.Float64, pl.Int64, pl.Float64]


@pytest.mark.parametrize(
    "texts",
    [
        ["01234", "2116"], ["12", "-3", "0"], ["0.50", "1.5"], ["1.5", "-0.25"],
        ["true", "false"], ["True", "False"], ["1e-5", "2"],
        ["0.00001", "1.5"], ["+5", "6"], ["-0", "1"], ["123456789012345678901", "1"], ["0.1234567890123456789"], ["1.0", "2.0"],
    ],
)  # fmt: skip
def test_what_is_written_again_is_what_was_read(texts: list[str]) -> None:
    column = as_written(pl.DataFrame({"x": texts}))["x"]
    again = io.StringIO()
    print(*column.to_list(), sep="\n", file=again)
    assert again.getvalue().split() == texts


def test_plain_numbers_become_numbers() -> None:
    assert as_written(pl.DataFrame({"x": ["12", None], "y": ["1.5", "2.25"]})).dtypes == [pl.Int64, pl.Float64]
