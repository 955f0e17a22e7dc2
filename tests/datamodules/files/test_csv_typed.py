"""Columns of numbers are found among strings, each with its own decimal sign."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from practicum.datamodules.files.csv_typed import column_signs, typed

HERE = Path("t.csv")


def test_columns_get_types_by_all_their_values() -> None:
    frame = pl.LazyFrame(
        {
            "blank": ["1"] * 1500 + [" "],
            "late": ["1"] * 1500 + ["x"],
            "points": ["0.5"] * 1501,
            "codes": ["10"] * 1500 + ["01"],
            "flag": ["True"] * 1500 + [" false"],
            "none": [" "] * 1501,
            "big": ["12345678901234567890"] * 1501,
        }
    )
    found = typed(frame, frame.collect_schema().names(), [], (",", None), True, HERE, range(2, 1503)).collect()
    kinds = [pl.Int64, pl.String, pl.Float64, pl.String, pl.Boolean, pl.String, pl.Float64]
    assert dict(found.schema) == dict(zip(found.columns, kinds, strict=True))
    assert found["blank"].null_count() == 1
    assert found["none"].null_count() == 1501
    assert found["flag"][-1] is False


@pytest.mark.parametrize(("decimal", "other"), [(".", ","), (",", ".")])
def test_a_column_with_the_other_decimal_sign_is_kept(decimal: str, other: str) -> None:
    frame = pl.LazyFrame({"a": [f"0{other}126", f"1{other}304"], "b": [f"0{decimal}5", "2"], "c": ["1", "2"]})
    found: dict[str, str] = {}
    values = typed(frame, ["a", "b", "c"], [], (decimal, None), True, HERE, [2, 3], decimals=found).collect()
    assert found == {"a": other}
    assert values["a"].to_list() == [0.126, 1.304]
    alone = frame.slice(1)
    values = typed(alone, ["a", "b", "c"], [], (decimal, other), True, HERE, [2], decimals=found).collect()
    assert values["a"].to_list() == [1.304]  # as in the file before


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,304"], (",", None)),
        (["1,304", None, "12"], (",", None)),
        (["0.126", "1,304"], (",", None)),  # as many of either: training's holds
        (["0.126", "1.5", "1,304"], (".", ",")),
        (["1,304.5"], (".", ",")),
    ],
)
def test_a_columns_sign_holds_unless_its_cells_say_otherwise(cells: list[str | None], expected: tuple[str, str | None]) -> None:
    rows = pl.DataFrame({"a": cells})
    thousands = expected[1] or ("," if "1,304" in cells and "0.126" not in cells else None)
    assert column_signs(rows, ["a"], {"a": ","}, (".", thousands))["a"] == expected
    assert column_signs(rows, ["a"], {}, (".", ","))["a"] == (".", ",")


@pytest.mark.parametrize(("decimal", "other"), [(".", ","), (",", ".")])
def test_plain_numbers_do_not_tell_thousands_from_fractions(decimal: str, other: str) -> None:
    """950 beside 1,299: a price of thousands, or a fraction? Read as neither, so that someone names it."""
    frame = pl.LazyFrame({"price": ["950", f"1{other}299"], "b": [f"0{decimal}5", "2"]})
    found: dict[str, str] = {}
    values = typed(frame, ["price", "b"], [], (decimal, None), True, HERE, [2, 3], decimals=found).collect()
    assert found == {}
    assert values["price"].to_list() == ["950", f"1{other}299"]
