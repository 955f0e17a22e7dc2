"""Readers: what can't be used is reported with file and row."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from practicum.datamodules.tabular.readers import (
    AS_CATEGORY,
    as_date,
    as_lazy_frame,
    as_number,
    is_table,
    read_table,
    require_columns,
)
from practicum.lightning_shim import MisconfigurationException


def test_files_that_are_not_tables_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    (tmp_path / "text.docx").touch()
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no more")
    for name, message in (
        ("empty.csv", "is empty"),
        ("text.docx", "is not a supported table"),
        ("broken.parquet", "can't be read as a table"),
        ("missing.csv", "no such file"),
    ):
        with pytest.raises(MisconfigurationException, match=message):
            read_table(tmp_path / name)


def test_a_file_without_a_header_gets_one(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("1\ta\n2\tNA\n", encoding="utf-8")
    assert read_table(tmp_path / "t.tsv", header=["n", "s"]).collect().rows() == [(1, "a"), (2, None)]
    assert is_table(Path("T.CSV.GZ"))


def test_frames() -> None:
    frame = pl.DataFrame({"a": [1]})
    assert as_lazy_frame(frame).collect().equals(frame)
    with pytest.raises(MisconfigurationException, match="A list is not a table"):
        as_lazy_frame([1])


def test_frames_of_pandas_have_the_types_of_a_file() -> None:
    times = pd.to_datetime(pd.Series(["2021-01-01", None])).dt.tz_localize("Europe/Berlin")
    frame = pd.DataFrame(
        {"n": [1, 2], "x": [1.5, None], "t": times, "word": ["a", None], "old": pd.to_datetime(["2021-01-01"] * 2)}
    )
    nullable = pd.DataFrame({"yes": [True, None], "count": [3, None], "share": [0.5, None]}).astype(
        {"yes": "boolean", "count": "Int64", "share": "Float64"}
    )
    found = as_lazy_frame(frame.join(nullable)).collect()
    assert found.drop("t", "old").row(1) == (2, None, None, None, None, None)
    dtypes = {"n": pl.Int64, "x": pl.Float64, "word": pl.String, "yes": pl.Boolean, "count": pl.Int64, "share": pl.Float64}
    assert {name: found[name].dtype for name in dtypes} == dtypes
    assert all(isinstance(found[name].dtype, pl.Datetime) for name in ("t", "old"))
    seconds = pd.DataFrame({"day": np.datetime64("2020-01-01") + np.arange(3)})
    assert as_lazy_frame(seconds).collect()["day"].dt.date().to_list()[-1] == datetime.date(2020, 1, 3)
    for names in (["a", "a"], [1, "1"]):
        with pytest.raises(MisconfigurationException, match="DataFrame: has the column '.' twice; rename one of them"):
            as_lazy_frame(pd.DataFrame([[1, 2]], columns=names))


def test_a_missing_column_is_named_with_the_most_similar_one() -> None:
    require_columns("t.csv", ["sold", "day"], ["day"])
    with pytest.raises(MisconfigurationException, match=r"t.csv: has no column 'sald' \(nor when\); did you mean 'sold'\?"):
        require_columns("t.csv", ["sold", "day"], ["sald", "when"])
    with pytest.raises(MisconfigurationException, match="has no column 'zzz'; its columns are sold, day"):
        require_columns("t.csv", ["sold", "day"], ["zzz"])
    with pytest.raises(MisconfigurationException, match=r"names 1 of 3 columns \(Sales 2026\); if that is a title"):
        require_columns("t.csv", ["Sales 2026", "", "_duplicated_0"], ["price"])
    with pytest.raises(MisconfigurationException, match=r"its only column is 'Sales 2026'; if that is a title, delete the lines"):
        require_columns("t.csv", ["Sales 2026"], ["price"])
    with pytest.raises(MisconfigurationException, match="the new rows: has no column 'price'; its columns are Sales 2026"):
        require_columns("the new rows", ["Sales 2026"], ["price"])


def test_numbers() -> None:
    assert as_number(pl.Series([" 1.5", None, "2"]), "t").to_list() == [1.5, None, 2]
    assert as_number(pl.Series([1.0, float("nan"), float("inf")]), "t").to_list() == [1, None, None]
    assert as_number(pl.Series([True, False]), "t").to_list() == [1, 0]
    assert as_number(pl.Series(["True", None, " FALSE"]), "t").to_list() == [1, None, 0]  # as new rows are read
    with pytest.raises(MisconfigurationException, match="row 1 holds 'True'"):
        as_number(pl.Series("x", ["True", "2"]), "t")
    with pytest.raises(MisconfigurationException, match=r"'x' should be a number, but row 2 holds 'abc' \(and 1 more rows\)"):
        as_number(pl.Series("x", ["1", "abc", "def"]), "t")
    with pytest.raises(MisconfigurationException, match="column 'x' has type Date, not a number"):
        as_number(pl.Series("x", [datetime.date(2020, 1, 1)]), "t")


@pytest.mark.parametrize(
    "values", [["2020-02-01"], ["01.02.2020"], ["02/01/2020"], ["2020/02/01"], [20200201], [datetime.date(2020, 2, 1)]]
)
def test_dates_in_many_formats(values: list[object]) -> None:
    assert as_date(pl.Series(values), "t").to_list() == [datetime.date(2020, 2, 1)]


def test_dates_with_times_and_dates_that_differ() -> None:
    assert as_date(pl.Series(["2020-02-01 10:30"]), "t").to_list() == [datetime.datetime(2020, 2, 1, 10, 30)]
    with pytest.raises(MisconfigurationException, match=r"it reads as %Y-%m-%d but row 2 does not \('3.4.2020'\)"):
        as_date(pl.Series("day", ["2020-01-01", "3.4.2020"]), "t")
    with pytest.raises(MisconfigurationException, match=r"row 1 is not one \('soon'\)"):
        as_date(pl.Series("day", ["soon"]), "t")
    with pytest.raises(MisconfigurationException, match="has type Float64, not a date"):
        as_date(pl.Series("day", [1.5]), "t")


def test_a_frame_whose_column_stands_for_several_is_refused() -> None:
    with pytest.raises(MisconfigurationException, match=r"DataFrame: a column can't be called '\*' here"):
        as_lazy_frame(pl.DataFrame({"*": [1], "a": [2]}))


def test_a_panic_of_polars_is_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "t.parquet")

    def panics(*_: object, **__: object) -> None:
        raise pl.exceptions.PanicException("assertion failed: offset + length <= self.length\n...")  # a BaseException

    monkeypatch.setattr(pl, "scan_parquet", panics)
    with pytest.raises(MisconfigurationException, match=r"t.parquet: can't be read as a table: assertion failed: offset[^\n]*$"):
        read_table(tmp_path / "t.parquet")


def test_what_can_be_done_about_a_word_depends_on_who_asks() -> None:
    word = pl.Series("x", ["1", "a"])
    with pytest.raises(MisconfigurationException, match=r"correct it, or leave it blank\.$"):
        as_number(word, "t")
    with pytest.raises(MisconfigurationException, match=r"leave it blank, or name the column in the option categorical\.$"):
        as_number(word, "t", AS_CATEGORY)
