"""The header of new rows, where training's table had none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from practicum.datamodules.files.csv_format import CSVFormat
from practicum.datamodules.tabular.new_header import format_of_new

NAMES = ["user", "item", "rating"]
HEADERLESS = CSVFormat(header=False, told=("header",))


@pytest.mark.parametrize(
    ("text", "trained", "told", "names", "header", "taken"),
    [
        ("1,2,3\n4,5,6\n", HEADERLESS, {}, NAMES, False, NAMES),
        ("item,user\n1,2\n", HEADERLESS, {}, NAMES, True, None),
        ("User, Item ,RATING\n1,2,3\n", HEADERLESS, {}, NAMES, True, None),
        ("item,user\n1,2\n", HEADERLESS, {"header": False}, NAMES, True, None),  # a line of names is no row
        ("1,2\n4,5\n", HEADERLESS, {}, NAMES, True, None),
        ("1,2\n4,5\n", HEADERLESS, {"header": False}, NAMES, False, NAMES[:2]),
        ("1;2;3\n4;5;6\n", HEADERLESS, {}, NAMES, False, NAMES),
        ("1,2,3\n4,5,6\n", HEADERLESS, {}, None, False, None),
        ("1,2,3\n4,5,6\n", CSVFormat(), {}, None, True, None),
        ("1,2,3\n4,5,6\n", None, {"header": False}, None, False, None),
    ],
)
def test_a_first_line_is_a_header_or_a_row(
    tmp_path: Path, text: str, trained: CSVFormat | None, told: dict[str, Any], names: Any, header: bool, taken: Any
) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    csv, found = format_of_new(tmp_path / "t.csv", trained, told, names, ["user", "item"])
    assert (csv.header, found) == (header, taken)
