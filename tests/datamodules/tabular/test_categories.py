"""Categories keep the type of training, whatever type new values come in."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from practicum.datamodules.tabular.categories import CategoricalColumn, to_plain_dtype

TEXT = CategoricalColumn("String", ["001", "1", "1234", "K1A"])
WHOLE = CategoricalColumn("Int64", ["1", "2", "10"])
DECIMAL = CategoricalColumn("Float64", ["1.0", "2.5"])
TRUTH = CategoricalColumn("Boolean", ["false", "true"])


@pytest.mark.parametrize(
    ("column", "values", "codes"),
    [
        (TEXT, ["001", "1", "01234", "K1A", None], [1, 2, 0, 4, 0]),
        (TEXT, [1, 1234, 77], [2, 3, 0]),
        (TEXT, [1.0, None, 1.5], [2, 0, 0]),  # a frame with gaps holds whole numbers as floats
        (WHOLE, ["1", "1.0", " 2 ", "01", "x", "1.5"], [1, 1, 2, 0, 0, 0]),
        (WHOLE, [1.0, 1.5, None, 10.0], [1, 0, 0, 3]),
        (WHOLE, [True, False], [1, 0]),
        (DECIMAL, ["1", "1.0", "2.50", "01"], [1, 1, 2, 0]),
        (DECIMAL, [1, 2], [1, 0]),
        (TRUTH, ["TRUE", "false", "1", "0", "yes"], [2, 1, 2, 1, 0]),
        (TRUTH, [1, 0, 2], [2, 1, 0]),
        (CategoricalColumn("String", ["False", "Maybe", "True"]), [True, False], [3, 1]),
        (CategoricalColumn("String", []), ["a"], [0]),
    ],
)
def test_values_of_other_types(column: CategoricalColumn, values: list[Any], codes: list[int]) -> None:
    assert column.encode(pl.Series(values)).to_list() == codes


def test_integers_beyond_64_bits_are_texts() -> None:
    large = pl.Series([2**63, 2**64 - 1], dtype=pl.UInt64)
    assert to_plain_dtype(large).to_list() == ["9223372036854775808", "18446744073709551615"]
    assert CategoricalColumn("String", to_plain_dtype(large).to_list()).encode(large).to_list() == [1, 2]
    assert to_plain_dtype(pl.Series([1], dtype=pl.UInt64)).dtype == pl.Int64


def test_types_that_polars_tells_apart_become_four() -> None:
    assert to_plain_dtype(pl.Series([1], dtype=pl.UInt8)).dtype == pl.Int64
    assert to_plain_dtype(pl.Series([1.0], dtype=pl.Float32)).dtype == pl.Float64
    assert to_plain_dtype(pl.Series(["a"], dtype=pl.Categorical)).dtype == pl.String


def test_texts_are_the_same_in_each_form_of_unicode() -> None:
    """What macOS writes is an e and an accent, where others write one character."""
    one, two = "Caf\u00e9", "Cafe\u0301"
    for known, new in ((one, two), (two, one)):
        column = CategoricalColumn("String", ["Bar", known])
        assert column.encode(pl.Series([new, known, "Bar", "Cafe", None])).to_list() == [2, 2, 1, 0, 0]
    both = CategoricalColumn("String", sorted([one, two]))
    assert both.encode(pl.Series(sorted([one, two]))).to_list() == [1, 2]  # training told them apart
