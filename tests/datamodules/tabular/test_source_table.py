"""Tables as they are read: formats and types hold for all files of a table."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from practicum.datamodules.tabular.column_roles import is_mostly_numeric
from practicum.datamodules.tabular.source_table import read_files, read_frame, read_one
from practicum.lightning_shim import MisconfigurationException


def write(folder: Path, name: str, columns: str = "a,y", rows: str = "1,2") -> Path:
    (folder / name).write_text(f"{columns}\n{rows}\n", encoding="utf-8")
    return folder / name


def test_files_become_one_frame_with_a_column_of_splits(tmp_path: Path) -> None:
    files = {"train": write(tmp_path, "train.csv"), "valid": write(tmp_path, "valid.csv", "y,a,b", "4,3,5")}
    files["test"] = write(tmp_path, "test.csv", "a", "9")  # without the target: only to be predicted
    source = read_files(files, label="y")
    assert source.frame.collect().to_dicts() == [{"a": 1, "y": 2, "__split": "train"}, {"a": 3, "y": 4, "__split": "valid"}]
    assert "valid.csv: column 'b' is not in train.csv, and is left out" in source.notes[0][1]
    assert read_files({"all": files["train"]}, label="y").frame.collect().columns == ["a", "y"]
    files["valid"] = files["test"]
    with pytest.raises(MisconfigurationException, match="has no column 'y'"):
        read_files(files, label="y")


def test_a_file_without_a_column_that_training_learns_from_is_refused(tmp_path: Path) -> None:
    rows = [f"{row},{row / 7},x,{row % 3}" for row in range(30)]
    train = write(tmp_path, "train.csv", "index,size,same,y", "\n".join(rows))
    files = {"train": train, "valid": write(tmp_path, "valid.csv", "Size,y", "1.5,2")}
    with pytest.raises(MisconfigurationException, match=r"valid.csv: has no column 'size'; did you mean 'Size'\?"):
        read_files(files, "y")
    assert read_files(files, "y", used=lambda name: name != "size").frame.collect().height == 31
    files["valid"] = write(tmp_path, "valid.csv", "size,y", "1.5,2")  # training learns nothing from an index, nor from a constant
    assert read_files(files, "y").frame.collect()["size"][-1] == 1.5


def test_a_column_that_is_text_in_one_file_is_text_in_all(tmp_path: Path) -> None:
    train = write(tmp_path, "train.csv", "zip,y", "01234,1\nK1A,2")
    files = {"train": train, "valid": write(tmp_path, "valid.csv", "zip,y", "10001,1")}
    assert read_files(files, "y").frame.collect()["zip"].to_list() == ["01234", "K1A", "10001"]
    pl.DataFrame({"zip": [10001], "y": [1]}).write_parquet(tmp_path / "valid.parquet")
    files["valid"] = tmp_path / "valid.parquet"
    assert read_files(files, "y").frame.collect()["zip"].to_list() == ["01234", "K1A", "10001"]


def test_a_column_without_a_value_says_nothing_of_its_type(tmp_path: Path) -> None:
    train = write(tmp_path, "train.csv", "x;y;z", "1,5;12,25;1\n2,5;0,5;2")
    files = {"train": train, "valid": write(tmp_path, "valid.csv", "x;y;z", "1,5;3,5;\n2,25;4,5;")}
    files["test"] = write(tmp_path, "test.csv", "x;y;z", "1,5;;3\n2,5;;4")
    frame = read_files(files, "y").frame.collect()
    assert frame["y"].to_list() == [12.25, 0.5, 3.5, 4.5, None, None]
    assert frame["z"].to_list() == [1, 2, None, None, 3, 4]
    assert frame["x"].to_list() == [1.5, 2.5, 1.5, 2.25, 1.5, 2.5]


def test_a_word_among_decimal_commas_leaves_numbers_to_be_found_in_each_file(tmp_path: Path) -> None:
    train = write(tmp_path, "train.csv", "x;y", "\n".join(f"{n},5;{n}" for n in range(100)))
    other = write(tmp_path, "valid.csv", "x;y", "\n".join(f"{'broken' if n == 7 else f'{n},25'};{n}" for n in range(100)))
    values = read_files({"train": train, "valid": other}, "y").frame.collect()["x"]
    assert is_mostly_numeric(values)  # so that the word is named
    assert values[:2].to_list() == ["0.5", "1.5"]
    assert values[100:102].to_list() == ["0.25", "1.25"]


def test_a_file_without_the_column_of_dates_is_refused(tmp_path: Path) -> None:
    days = [f"2024-{1 + row // 28:02}-{1 + row % 28:02},{row / 7},{row % 3}" for row in range(60)]
    files = {
        "train": write(tmp_path, "train.csv", "date,x,y", "\n".join(days)),
        "valid": write(tmp_path, "valid.csv", "x,y", "1.5,2"),
    }
    with pytest.raises(MisconfigurationException, match="valid.csv: has no column 'date'"):
        read_files(files, "y")


def test_all_files_have_the_format_of_the_training_file(tmp_path: Path) -> None:
    train = write(tmp_path, "train.csv", "a;y", "1;0,5\n2;1,25")
    files = {"train": train, "valid": write(tmp_path, "valid.csv", "a;y", "3;2")}
    source = read_files(files, "y")
    assert source.frame.collect()["y"].to_list() == [0.5, 1.25, 2]
    assert source.csv is not None
    assert source.csv.unusual() == "delimiter ';', decimal ','"
    assert read_one(files["valid"], {"delimiter": ","}).frame.collect().columns == ["a;y"]


def test_all_files_of_parquet_have_strings_as_files_have(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        pl.DataFrame({"a": [" x", "?", "None"], "y": [1, 2, 3]}).write_parquet(tmp_path / f"{split}.parquet")
    files = {split: tmp_path / f"{split}.parquet" for split in ("train", "valid")}
    assert read_files(files, "y").frame.collect()["a"].to_list() == ["x", None, None] * 2
    told = read_files(files, "y", {"keep_default_na": False, "na_values": ["?"]})
    assert told.frame.collect()["a"].to_list() == ["x", None, "None"] * 2


def test_frames_have_strings_as_files_have() -> None:
    source = read_frame(pl.DataFrame({"a": [" x", "?"]}))
    assert source.frame.collect()["a"].to_list() == ["x", None]
    assert source.csv is None
