"""Counting finds the rows that a parser finds, in blocks of any content."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

import pytest
from practicum.datamodules.files import csv_scan
from practicum.datamodules.files.csv_format import CSVFormat
from practicum.datamodules.files.csv_scan import scan_rows
from practicum.datamodules.files.csv_source import read_source
from practicum.lightning_shim import MisconfigurationException


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64, 1 << 22])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_rows_and_lines_are_those_of_a_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, end: str) -> None:
    monkeypatch.setattr(csv_scan, "_BLOCK", block)
    draw = random.Random(3)
    for _ in range(20):
        rows = [["".join(draw.choice('ab,;"\n') for _ in range(draw.randrange(5))) for _ in range(3)] for _ in range(9)]
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator=end).writerows([["a", "b", "c"], *rows])
        (tmp_path / "t.csv").write_bytes(text.getvalue().encode())
        found = scan_rows(read_source(tmp_path / "t.csv", "utf-8"), CSVFormat(), 3)
        assert found.bad is None
        assert not found.unclear
        lines, reader = [1], csv.reader(io.StringIO(text.getvalue(), newline=""))
        lines.extend(reader.line_num + 1 for _ in reader)
        assert found.lines.tolist() == lines[:-1]
        assert found.multiline == any("\n" in value for row in rows for value in row)


@pytest.mark.parametrize("block", [1, 5, 1 << 22])
def test_the_first_row_with_other_fields_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(csv_scan, "_BLOCK", block)
    (tmp_path / "t.csv").write_text('a,b\n"x\ny",2\n1,2,3\n4\n5,6', encoding="utf-8")
    found = scan_rows(read_source(tmp_path / "t.csv", "utf-8"), CSVFormat(), 2)
    assert found.bad is not None
    assert (found.bad.line, found.bad.fields, found.bad.text, found.bad_count) == (4, 3, "1,2,3", 2)


@pytest.mark.parametrize(
    "text",
    ['a,b\nx,y"\n', 'a,b\n"x"y,1\n', 'a,b\n"x,1\n', "a,b\n\n1,2\n", "a,b\n1,2,\n", "a,b\r1,2\r", 'a,b\n1, "x"\n'],
)
def test_what_counting_can_t_judge_is_left_to_a_parser(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode())
    assert scan_rows(read_source(tmp_path / "t.csv", "utf-8"), CSVFormat(), 2).unclear


def test_a_zero_byte_is_refused_by_its_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"x,y\nok,1\nte\x00st,1\n")
    with pytest.raises(MisconfigurationException, match=r"t.csv, line 3: holds a zero byte"):
        scan_rows(read_source(tmp_path / "t.csv", "utf-8"), CSVFormat(), 2)
