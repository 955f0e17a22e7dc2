"""``input.json``: facts are added, removed and read; a damaged one is named, and replaced in training."""

from __future__ import annotations

from pathlib import Path

import pytest
from practicum.datamodules.images.input_record import read_record, write_record
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
