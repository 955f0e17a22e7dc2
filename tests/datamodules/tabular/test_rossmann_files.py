"""The challenge's files: found plain or gzipped, and named if they are missing."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from practicum.datamodules.tabular.rossmann_files import find_file, list_files, read_days
from practicum.lightning_shim import MisconfigurationException


def test_sales_come_first_and_stores_second(rossmann_root: Path) -> None:
    names = [path.relative_to(rossmann_root).as_posix() for path in list_files(rossmann_root)]
    assert names[:4] == ["train.csv", "store.csv", "test.csv", "store_states.csv"]
    assert names[4:] == sorted(names[4:])
    assert {name.partition("/")[0] for name in names[4:]} == {"weather", "googletrend"}


def test_gzipped_files(rossmann_root: Path, tmp_path: Path) -> None:
    (tmp_path / "train.csv.gz").write_bytes(gzip.compress((rossmann_root / "train.csv").read_bytes()))
    path = find_file(tmp_path, "train")
    assert path == tmp_path / "train.csv.gz"
    assert read_days(path).equals(read_days(rossmann_root / "train.csv"))
    assert find_file(tmp_path, "store") is None


def test_what_is_missing_is_named(rossmann_root: Path, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=r"has no train.csv or train.csv.gz \(it holds nothing\)"):
        list_files(tmp_path)
    (tmp_path / "train.csv").write_text("Store,Date\n1,2015-01-01\n", encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=r"has no store.csv or store.csv.gz \(it holds train.csv\)"):
        list_files(tmp_path)
    with pytest.raises(MisconfigurationException, match="has no column 'DayOfWeek'"):
        read_days(tmp_path / "train.csv")


def test_missing_values_of_open_count_as_open(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text(
        "Store,DayOfWeek,Date,Open,Promo,StateHoliday,SchoolHoliday\n1,1,2015-01-05,,0,0,0\n1,2,2015-01-06,0,0,a,0\n",
        encoding="utf-8",
    )
    days = read_days(tmp_path / "test.csv")
    assert days["Open"].to_list() == [1, 0]
    assert days["StateHoliday"].to_list() == ["0", "a"]
