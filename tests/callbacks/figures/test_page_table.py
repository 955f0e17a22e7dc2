"""Tables of the report: written, read again, and nothing else taken for one."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from practicum.callbacks.figures.page_table import PageTable, TableSheet, read_tables, save_tables


def test_what_was_written_is_read(tmp_path: Path) -> None:
    rows = [["caf\udce9", 1.5, None], ["<b>", datetime.date(2020, 1, 2), 3]]
    sheet = TableSheet("Rows", "Look at them.", [PageTable("of today", ["name", "day", "n"], rows), PageTable("", ["n"], [])])
    save_tables(sheet, tmp_path / "new" / "rows.json")
    found = read_tables(tmp_path / "new" / "rows.json")
    assert found is not None
    assert (found.title, found.caption) == ("Rows", "Look at them.")
    assert found.tables[0] == ("of today", ["name", "day", "n"], [["caf\udce9", 1.5, None], ["<b>", "2020-01-02", 3]], False)
    assert found.tables[1].rows == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"title": 1, "caption": "", "tables": 3}', '{"a": "figure that failed"}'])
def test_any_other_json_is_no_table(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    assert read_tables(tmp_path / "a.json") is None
