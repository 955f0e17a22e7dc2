"""Rows that repeat another are counted, and those of two splits are in the record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from practicum.datamodules.tabular.repeated_rows import repeated_rows


def test_a_split_knows_what_came_before_it() -> None:
    frame = pl.DataFrame({"a": [1, 1, 2, 2, 3, 3, 4, 5, 5], "b": ["x"] * 9})
    labels = np.array([0, 1, 1, 2, 0, 0, 2, 255, 2], np.uint8)  # the last one repeats a row that is left out
    (said,), leaked = repeated_rows(frame.lazy(), labels, "t", None)
    assert leaked == {"valid": 1, "test": 1}
    assert "4 of 9 rows repeat another in every column (2 rows that validate or test are in another split, too)" in said
    assert repeated_rows(frame.lazy().unique("a"), np.zeros(5, np.uint8), "t", None) == ([], {})


def test_equal_rows_of_one_split_have_leaked_nowhere() -> None:
    (said,), leaked = repeated_rows(pl.LazyFrame({"a": [1, 1, 2]}), np.array([0, 0, 1], np.uint8), "t", None)
    assert (leaked, "another split" in said) == ({}, False)


def test_the_column_that_names_the_split_makes_no_row_another(open_table: Callable[..., Any], sales: pl.DataFrame) -> None:
    sides = pl.Series("side", ["train"] * 300 + ["valid"] * 100 + ["test"] * 7)
    data = open_table(pl.concat([sales, sales.head(7)]).with_columns(sides), split_column="side")
    assert data.provenance["leaked/test"] == 7
    assert "leaked/valid" not in data.provenance
    assert not [name for name in open_table(sales).provenance if name.startswith("leaked/")]
