"""Tables are written as CSV or Parquet, by the name of the file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars
import pytest
from practicum.cli.write_table import check_output, place_of, write_table
from practicum.lightning_shim import MisconfigurationException


def test_the_name_decides_the_format(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {"file": ["a, b.jpg", "c.jpg"], "predicted": [0.5, 1.0]}
    write_table(tmp_path / "table.csv", columns)
    write_table(tmp_path / "table.PARQUET", columns)
    assert (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines() == ["file,predicted", '"a, b.jpg",0.5', "c.jpg,1.0"]
    assert polars.read_parquet(tmp_path / "table.PARQUET").to_dict(as_series=False) == columns
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv", "table.PARQUET"}


def test_what_is_replaced_is_called_so(tmp_path: Path) -> None:
    assert place_of(tmp_path / "table.csv") == str(tmp_path / "table.csv")
    (tmp_path / "table.csv").touch()
    assert place_of(tmp_path / "table.csv") == f"{tmp_path / 'table.csv'} (replaced)"


def test_file_names_that_are_no_utf8_are_written_in_both(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {"file": ["caf\udce9.jpg"], "predicted\udcff": [None]}
    write_table(tmp_path / "table.csv", columns)
    write_table(tmp_path / "table.parquet", columns)
    assert (tmp_path / "table.csv").read_text(encoding="utf-8").splitlines() == ["file,predicted\\xff", "caf\\xe9.jpg,"]
    assert polars.read_parquet(tmp_path / "table.parquet").to_dicts() == [{"file": "caf\\xe9.jpg", "predicted\\xff": None}]


@pytest.mark.parametrize("ending", [".xlsx", ".json", ".jsonl", ".TSV"])
def test_a_name_of_another_kind_of_file_is_refused(ending: str) -> None:
    with pytest.raises(
        MisconfigurationException, match=rf"output=out\{ending}: \{ending} is not written; name it .csv or .parquet"
    ):
        check_output(Path(f"out{ending}"))


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.txt", "out", "out.CSV"])
def test_other_names_are_not(name: str) -> None:
    check_output(Path(name))


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=r"is a folder; name a file in it, output=.*predictions.csv"):
        check_output(tmp_path)


def test_a_device_or_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MisconfigurationException, match=r"pipe: is a device or a pipe, which would be replaced; name a file\."):
        check_output(tmp_path / "pipe")
    (tmp_path / "there.csv").touch()
    check_output(tmp_path / "there.csv")
