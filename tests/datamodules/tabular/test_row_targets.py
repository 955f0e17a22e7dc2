"""Targets of new rows, as training would have read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules import Table
from practicum.datamodules.tabular.preprocessor import TablePreprocessor
from practicum.datamodules.tabular.row_targets import row_targets
from practicum.lightning_shim import MisconfigurationException


@pytest.mark.parametrize(
    ("classes", "values", "wanted"),
    [
        (["0", "1"], ["1", "1.0", "0"], [1, 1, 0]),  # a frame with gaps writes whole numbers as floats
        (["00", "01"], ["01", "00"], [1, 0]),
        (["1.0", "2.5"], ["2.5", "1"], [1, 0]),
        (["false", "true"], [True, False], [1, 0]),
        (["FALSE", "TRUE"], [True, False], [1, 0]),
        (["False", "True"], ["TRUE", "False"], [1, 0]),
        (["False", "True", "maybe"], ["maybe", "True"], [2, 1]),
        (["no", "yes"], ["yes", "no"], [1, 0]),
    ],
)
def test_classes_are_found_however_they_are_written(classes: list[str], values: list[Any], wanted: list[int]) -> None:
    steps = TablePreprocessor(target="y", classes=classes)
    assert row_targets(pl.DataFrame({"y": values}), steps, "new.csv").tolist() == wanted


@pytest.mark.parametrize(
    ("classes", "values", "message"),
    [
        (None, [1.5, None, None], r"new.csv: 2 of 3 rows have no 'y' to score by, the first is row 2"),
        (["no", "yes"], ["no", None], "1 of 2 rows have no 'y' to score by, the first is row 2"),
        (["no", "yes"], ["no", "perhaps"], r"row 2 has y='perhaps', which is none of the run's classes \(no, yes\)"),
        (["00", "01"], ["1"], "row 1 has y='1'"),
    ],
)
def test_rows_without_a_target_that_training_knew_are_refused(classes: Any, values: list[Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        row_targets(pl.DataFrame({"y": values}), TablePreprocessor(target="y", classes=classes), "new.csv")
    with pytest.raises(MisconfigurationException, match="has no column 'y'"):
        row_targets(pl.DataFrame({"x": values}), TablePreprocessor(target="y", classes=classes), "new.csv")


@pytest.mark.parametrize("sign", [".", ","])
@pytest.mark.parametrize("gap", [False, True])
def test_classes_that_one_gap_turned_into_decimals_are_scored(tmp_path: Path, sign: str, gap: bool) -> None:
    """Pandas and R write a column of 0 and 1 with a gap as 0.0 and 1.0; Excel's German one as 0,0."""
    written = [f"{row % 2}{f'{sign}0' if gap else ''}" for row in range(60)]
    rows = [f"{row / 8:.2f};{each}".replace(".", sign) for row, each in enumerate(written)]
    (tmp_path / "t.csv").write_text("\n".join(["x;y", *rows, *(["7;"] if gap else [])]) + "\n", encoding="utf-8")
    data = Table(tmp_path / "t.csv", target="y", cache=tmp_path / "cache")
    data.prepare_data()
    assert data.describe()["classes"] == ["0", "1"]
    for labels in (["1", "0"], [f"1{sign}0", f"0{sign}0"]):
        (tmp_path / "new.csv").write_text(f"x;y\n1{sign}5;{labels[0]}\n2{sign}5;{labels[1]}\n", encoding="utf-8")
        assert data.for_scoring(tmp_path / "new.csv").targets.tolist() == [1, 0]
    for values in (pl.Series([1, 0]), pl.Series([1.0, 0.0])):
        pl.DataFrame({"x": [1.5, 2.5], "y": values}).write_parquet(tmp_path / "new.parquet")
        assert data.for_scoring(tmp_path / "new.parquet").targets.tolist() == [1, 0]


def test_rows_of_several_tables_come_one_after_another_with_their_targets(tmp_path: Path) -> None:
    lines = [f"{'ab'[n % 2]};{n},5" for n in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["kind;price", *lines]) + "\n", encoding="utf-8")
    data = Table(tmp_path / "t.csv", target="price", cache=tmp_path / "cache")
    data.prepare_data()
    for name, row in (("one", "b;1,25"), ("two", "a;3")):
        (tmp_path / f"{name}.csv").write_text(f"kind;price\n{row}\n", encoding="utf-8")
    new = data.for_scoring([tmp_path / "one.csv", tmp_path / "two.csv"])
    assert new.targets is not None
    assert new.targets.tolist() == [1.25, 3.0]
    assert new.row_columns() == {"kind": ["b", "a"], "price": ["1,25", "3"]}  # as they are written
    without = pl.DataFrame({"kind": ["a"], "price": [None]}, schema={"kind": pl.String, "price": pl.Float64})
    with pytest.raises(MisconfigurationException, match=r"^the new rows: 1 of 1 rows have no 'price'"):
        data.for_scoring(without)
