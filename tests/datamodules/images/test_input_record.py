"""``input.json``: facts are added, removed and read; a damaged one is named, and replaced in training."""

from __future__ import annotations

from pathlib import Path

import pytest
from practicum.datamodules.files.csv_format import CSVFormat
from practicum.datamodules.images.input_record import kept_format, read_record, write_record
from practicum.lightning_shim import MisconfigurationException


def test_facts_are_added_and_removed(tmp_path: Path) -> None:
    assert read_record(None) == read_record(tmp_path) == {}
    write_record(None, csv=1)
    write_record(tmp_path, csv=None)
    assert not (tmp_path / "input.json").exists()
    write_record(tmp_path, csv={"delimiter": ";"})
    write_record(tmp_path, grey_range=[0, 1])
    assert read_record(tmp_path) == {"csv": {"delimiter": ";"}, "grey_range": [0, 1]}
    write_record(tmp_path, csv=None)
    assert read_record(tmp_path) == {"grey_range": [0, 1]}


@pytest.mark.parametrize("content", ["", "{", "[1]", "3", '"ab"', "\xff"])
def test_a_damaged_record_is_named_and_replaced_in_training(tmp_path: Path, content: str) -> None:
    (tmp_path / "input.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(MisconfigurationException, match="input.json: can't be read"):
        read_record(tmp_path)
    write_record(tmp_path, csv=1)
    assert read_record(tmp_path) == {"csv": 1}


def test_the_format_of_a_table_is_kept(tmp_path: Path) -> None:
    assert kept_format(None) is kept_format(tmp_path) is None
    write_record(tmp_path, csv=CSVFormat(delimiter=";").as_dict())
    assert kept_format(tmp_path) == CSVFormat(delimiter=";")
    write_record(tmp_path, csv=[1])
    with pytest.raises(MisconfigurationException, match=r"input.json: can't be read \(the format of a CSV is no mapping"):
        kept_format(tmp_path)
