"""Rows that an unmatched quote swallowed are told from texts of several lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from practicum.datamodules.files.csv_format import CSVFormat
from practicum.datamodules.files.merged_rows import refuse_merged_rows
from practicum.lightning_shim import MisconfigurationException

KNOWN = [(number, [f"text {number}", "pos" if number % 2 else "neg", str(number)]) for number in range(20, 40)]
NAMES = ["text", "label", "n"]


@pytest.mark.parametrize(
    "record",
    [
        ["open,pos,1\nother", "neg", "2"],
        ["open\nother,pos,1\nthird", "neg", "2"],
        ["open,neg,1\na,pos,2\nb,pos,3\nend", "neg", "2"],
    ],
)
def test_lines_that_are_rows_are_refused(record: list[str]) -> None:
    with pytest.raises(MisconfigurationException, match=r"t.csv, line 3: the quote .* looks like rows of their own"):
        refuse_merged_rows(Path("t.csv"), [(3, record), *KNOWN], CSVFormat(), NAMES)


@pytest.mark.parametrize(
    "text",
    ["fine, warm\nbut, well, long", "a,b,c\nd", "x,pos,many\ny", "x, pos, 1\ny", "one\ntwo", "pos,pos\n1,1"],
)
def test_texts_of_several_lines_are_not(text: str) -> None:
    refuse_merged_rows(Path("t.csv"), [(3, [text, "neg", "2"]), *KNOWN], CSVFormat(), NAMES)


def test_one_column_has_no_rows_to_swallow() -> None:
    refuse_merged_rows(Path("t.csv"), [(2, ["a,b\nc,d"]), (4, ["e"])], CSVFormat(), ["text"])
