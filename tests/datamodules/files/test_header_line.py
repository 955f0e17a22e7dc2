"""The first line of a table: names, or a row."""

from __future__ import annotations

from pathlib import Path

import pytest
from practicum.datamodules.files.csv_format import detect_format


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("1,31,2.5,1260759144\n1,1029,3.0,1260759179\n", False),
        ("1.5;2\n2.5;3\n", False),
        ("0,1,2\n5,6,7\n8,9,10\n", True),  # as pandas names columns
        ("id,2019,2020\n1,2,3\n", True),
        ("a,b\nc,d\n", True),
        ("0\n1\n2\n", True),
    ],
)
def test_a_header_is_names_and_no_numbers(tmp_path: Path, text: str, header: bool) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    assert detect_format(tmp_path / "t.csv").header is header


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x,0.89,1.00\nb,0.42,0.79\nb,0.58,?\n", "0.89, 1.00 look"),
        ("x;0,89\nb;0,42\n", "0,89 looks"),
        ("anna,17,4\nben,12,5\nanna,3,4\n", "4 looks"),
        ("2021-01-05,a\n2021-01-06,b\n", "2021-01-05 looks"),
        ("shop,2019,2020\nb,12,9\n", None),  # years
        ("shop,2019-01-01,2019-02-01\nb,12,9\n", None),  # a column for each date
        ("shop,1,2\nb,12,9\n", None),
        ("text,label\nlabel,text\ntext,label\n", None),
        ("x,0.89\nb,c\n", None),
    ],
)
def test_a_header_like_a_row_is_said(text: str, named: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    assert detect_format(tmp_path / "t.csv").header
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "csv_format.header=false" not in said if named is None else f"but {named} like values" in said
    caplog.clear()
    assert detect_format(tmp_path / "t.csv", header=True).header  # told
    assert not caplog.records
