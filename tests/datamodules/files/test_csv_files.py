"""CSV files: other encodings and missing columns are named, and writing is atomic."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from practicum.datamodules.files.csv_files import open_table, refuse_patterns, require_columns, write_csv
from practicum.datamodules.files.csv_reader import read_table, read_text_table
from practicum.lightning_shim import MisconfigurationException


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_csv(tmp_path / "deep" / "a.csv", ("file", "label"), [("ä.jpg", 'a "b", c')])
    with open_table(tmp_path / "deep" / "a.csv") as file:
        assert list(csv.reader(file)) == [["file", "label"], ["ä.jpg", 'a "b", c']]


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbffile\n")
    with open_table(tmp_path / "a.csv") as file:
        assert file.read() == "file\n"


def test_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("file\nä".encode("latin-1"))
    with pytest.raises(MisconfigurationException, match="is not UTF-8"), open_table(tmp_path / "a.csv") as file:
        file.read()


def test_a_missing_column_is_named_with_its_option_and_the_most_similar_one() -> None:
    require_columns(Path("a.csv"), ["file", "label"], {"file": "file", "split": None})
    with pytest.raises(MisconfigurationException, match=r"no column 'lable' \(option label_column\).*did you mean 'label'"):
        require_columns(Path("a.csv"), ["file", "label"], {"file": "file", "label": "lable"})
    with pytest.raises(MisconfigurationException, match="no column 'file'"):
        require_columns(Path("a.csv"), None, {"file": "file"})


@pytest.mark.parametrize("name", ["*", "^a$", "^.*$"])
def test_a_name_that_polars_takes_for_several_columns_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(MisconfigurationException, match=r"t\.csv: a column can't be called '.*' here; rename it"):
        refuse_patterns("t.csv", ["a", name])
    (tmp_path / "t.csv").write_text(f"a,{name}\n01,02\n3,04\n", encoding="utf-8")
    for read in (read_table, read_text_table):
        with pytest.raises(MisconfigurationException, match="rename it"):
            read(tmp_path / "t.csv")


def test_other_names_with_such_signs_are_kept(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a*,$x$,^b\n01,2,3\n3,04,5\n", encoding="utf-8")
    assert read_table(tmp_path / "t.csv").collect().columns == ["a*", "$x$", "^b"]
