"""What a file's own bytes say of its encoding, before what was told of the training's table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules.files.csv_format import detect_format
from practicum.datamodules.files.csv_reader import read_text_table
from practicum.datamodules.files.own_encoding import own_encoding

TEXT = "text,label\ncaf\u00e9 cr\u00e8me,good\nth\u00e9,bad\n"


@pytest.mark.parametrize(
    ("text", "encoding", "own"),
    [
        (TEXT, "utf-8", "utf-8"),
        (TEXT, "utf-8-sig", "utf-8"),
        (TEXT, "utf-16", "utf-16"),
        (TEXT, "latin-1", None),
        ("text\nplain\n", "ascii", None),
        ("\u4e2d\u6587,\u6587\n" * 9, "gb18030", None),
    ],
)
def test_only_what_leaves_no_doubt(tmp_path: Path, text: str, encoding: str, own: str | None) -> None:
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    assert own_encoding(tmp_path / "a.csv") == own


@pytest.mark.parametrize("new", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_new_file_is_read_in_its_own_encoding(tmp_path: Path, new: str, caplog: pytest.LogCaptureFixture) -> None:
    old = tmp_path / "old.csv"
    old.write_bytes(TEXT.encode("latin-1"))
    trained = detect_format(old, encoding="latin-1")
    path: Any = tmp_path / "new.csv"
    path.write_bytes(TEXT.encode(new))
    form = detect_format(path, trained)
    assert read_text_table(path, form)["text"].to_list() == ["caf\u00e9 cr\u00e8me", "th\u00e9"]
    assert ("read as such, though the training's table was latin-1" in caplog.text) is (new != "latin-1")
    told = detect_format(path, trained, encoding=new)
    assert read_text_table(path, told)["text"].to_list() == ["caf\u00e9 cr\u00e8me", "th\u00e9"]
