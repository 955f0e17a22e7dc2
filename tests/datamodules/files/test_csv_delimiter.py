"""Delimiters and quotes are found from the header and the rows below it."""

from __future__ import annotations

from pathlib import Path

import pytest
from practicum.datamodules.files.csv_delimiter import ONE_COLUMN, find_delimiter, find_quote, parse
from practicum.datamodules.files.csv_source import read_source


@pytest.mark.parametrize(
    ("text", "trained", "expected"),
    [
        ("a;b\n1,5;2,5\n", None, ";"),
        ("text,label\na fine; warm film,pos\n", None, ","),
        ("a,b;c\n1,2;3\n", ";", ";"),
        ("text\na fine, warm film\nb\n", None, ONE_COLUMN),
    ],
)
def test_the_delimiter_separates_the_headers_names(tmp_path: Path, text: str, trained: str | None, expected: str) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    assert find_delimiter(read_source(tmp_path / "t.csv", "utf-8"), text, '"', trained) == expected


def test_single_quotes_are_found_where_fields_end_with_them() -> None:
    assert find_quote("a,b\n'x, y',1\n'z',2\n") == "'"
    assert find_quote("a,b\ndon't,1\n") == '"'


def test_fields_are_stripped_and_blank_lines_left_out() -> None:
    assert parse('a, b\n\n" x", "y, z"\n', ",", '"') == [["a", "b"], ["x", "y, z"]]
