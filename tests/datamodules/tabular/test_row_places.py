"""Rows are named by their file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules.tabular.row_places import RowPlaces, row_places
from practicum.lightning_shim import MisconfigurationException


def test_rows_of_several_files_and_of_one() -> None:
    frame = pl.LazyFrame({"part": ["train"] * 3 + ["test"] * 2})
    places = row_places(frame, {"train": "a.csv", "test": "b.csv"}, "part", "folder")
    assert [places.of(row) for row in (0, 2, 3, 4)] == [("a.csv", 1), ("a.csv", 3), ("b.csv", 1), ("b.csv", 2)]
    assert row_places(frame, {}, "part", "t.csv") == RowPlaces("t.csv", {})
    assert RowPlaces("t.csv", {}).of(3) == ("t.csv", 4)
    numbers = pl.Series("x", ["1", "2", "3", "4", "5"])
    assert places.as_number(numbers).to_list() == RowPlaces("t", {}).as_number(numbers).to_list() == [1, 2, 3, 4, 5]


def write(folder: Path, name: str, rows: int, **cells: tuple[int, str]) -> None:
    """A file with another text in a row, counted from 1."""
    folder.mkdir(exist_ok=True)
    columns = {"x": [f"{row / 8}" for row in range(rows)], "y": ["low" if row % 2 else "high" for row in range(rows)]}
    for column, (row, text) in cells.items():
        columns[column][row - 1] = text
    pl.DataFrame(columns).write_csv(folder / f"{name}.csv")


def test_a_class_of_another_file_is_named_with_its_row_there(tmp_path: Path, open_table: Callable[..., Any]) -> None:
    for name, others in (("test", ["train"]), ("test", ["train", "valid"]), ("valid", ["train", "test"])):
        folder = tmp_path / f"{name}{len(others)}"
        for other in others:
            write(folder, other, 400)
        write(folder, name, 200, y=(7, "mid"))
        wanted = (
            rf"{name}\.csv: row 7 has a target that no training row has \('mid'\); correct it, leave the row out, or add rows"
        )
        with pytest.raises(MisconfigurationException, match=wanted + r" with it to train\.csv\.$"):
            open_table(folder, target="y")


def test_a_mistake_among_numbers_is_named_with_its_row(tmp_path: Path, open_table: Callable[..., Any]) -> None:
    write(tmp_path / "t", "train", 400)
    write(tmp_path / "t", "test", 200, x=(7, "oops"))
    for options in ({}, {"continuous": ["x"]}, {"target": "x"}, {"target": "x", "kind": "number"}):
        with pytest.raises(MisconfigurationException, match=r"test\.csv: column 'x' should be a number, but row 7 holds 'oops'"):
            open_table(tmp_path / "t", **{"target": "y", **options})


def test_rows_left_out_are_named_by_their_file(tmp_path: Path, open_table: Callable[..., Any]) -> None:
    write(tmp_path / "t", "train", 400, y=(3, ""))
    write(tmp_path / "t", "test", 200, y=(7, "NA"))
    data = open_table(tmp_path / "t", target="y")
    assert [name for name, _ in data.rejected] == ["train.csv, row 3", "test.csv, row 7"]
    assert json.dumps(data.rejected)
