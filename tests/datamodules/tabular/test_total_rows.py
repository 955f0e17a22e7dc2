"""A total below the rows."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from practicum.datamodules.tabular.total_rows import total_rows

SOLD = [1.1 * row + 0.37 for row in range(30)]


def said(shop: list[Any], **columns: list[Any]) -> list[str]:
    return total_rows(pl.LazyFrame({"shop": shop, **columns}), "t.csv")


@pytest.mark.parametrize("below", [0, 1, 2])
def test_it_is_said_also_above_a_remark(below: int) -> None:
    total = round(sum(SOLD), 2)
    rows = [*SOLD, total, *([None] * below)]
    found = said([*"abc" * 10, "Gesamt", *([None] * below)], sold=rows, price=[2.5] * 30 + [None] * (below + 1))
    assert found == ["t.csv: row 31 holds the sum of all rows above it in the column sold; if it is a total, remove it."]


def test_all_its_columns_are_named() -> None:
    found = said([*"abc" * 10, None], sold=[*SOLD, sum(SOLD)], count=[*range(30), sum(range(30))])
    assert "in the columns sold, count" in found[0]


@pytest.mark.parametrize(
    "rows",
    [
        SOLD,
        [0.0] * 29 + [1.0, 1.0],  # the second 1 is the sum of what is above it
        [0.0] * 31,
        [0.0] * 20 + [120.0, 80.0] + [0.0] * 20 + [200.0],
        [*SOLD, sum(SOLD) * 1.001],
        [1.0, -1.0] * 15 + [0.0],
        [1.0, 2.0, 3.0],
        [None] * 30,
    ],
)
def test_other_rows_are_not(rows: list[float | None]) -> None:
    assert said(["a"] * len(rows), sold=rows) == []


def test_a_table_without_numbers_has_none() -> None:
    assert said(["a"] * 40) == []


def test_a_table_says_so(open_table: Any, caplog: pytest.LogCaptureFixture) -> None:
    sizes = [*range(1, 61), 1830]
    frame = pl.DataFrame({"kind": [*"ab" * 30, None], "size": sizes, "sold": [0.5 * each for each in sizes]})
    open_table(frame)
    assert "row 61 holds the sum of all rows above it in the columns size, sold" in caplog.text
