"""Tables of the report: the highest-loss rows, the recommendations of a user, and whatever else is read in rows.

They lie beside the figures as ``<name>.json``, from which the report makes tables that scroll, wrap and are read out. A ``.txt``
of the same name is the same for those who look into the folder.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..files.atomic_file import atomic_write


class PageTable(NamedTuple):
    """One table.

    Attributes:
        heading: Above it; empty for none.
        head: Names of the columns.
        rows: Cells, text or numbers, as many in each row as in ``head``; ``None`` for an empty one.
        beside: It belongs to the table before, and stays beside it where there is room.
    """

    heading: str
    head: Sequence[str]
    rows: Sequence[Sequence[Any]]
    beside: bool = False


class TableSheet(NamedTuple):
    """Tables under one title, with one caption: how they are read, and what to do about it."""

    title: str
    caption: str
    tables: Sequence[PageTable]


def save_tables(sheet: TableSheet, path: Path) -> None:
    """Write tables for the report atomically.

    Args:
        sheet: Its cells are text, numbers or ``None``; anything else is written as text.
        path: ``<name>.json`` in the folder of figures.
    """
    plain = {"title": sheet.title, "caption": sheet.caption, "tables": [each._asdict() for each in sheet.tables]}
    with atomic_write(path) as beside:
        beside.write_text(json.dumps(plain, default=str), encoding="utf-8")


def read_tables(path: Path) -> TableSheet | None:
    """Read what :func:`save_tables` wrote; ``None`` for a JSON of anything else.

    Args:
        path: The file.

    Example:
        >>> import tempfile
        >>> from practicum.callbacks.figures.page_table import PageTable, TableSheet, read_tables, save_tables
        >>> from pathlib import Path
        >>> path = Path(tempfile.mkdtemp()) / "most_wrong.json"
        >>> save_tables(TableSheet("Worst rows", "Look at them.", [PageTable("", ["row"], [[7]])]), path)
        >>> read_tables(path).tables[0].rows
        [[7]]
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        tables = [
            PageTable(str(each["heading"]), each["head"], each["rows"], bool(each.get("beside"))) for each in found["tables"]
        ]
        return TableSheet(str(found["title"]), str(found["caption"]), tables)
    except (OSError, ValueError, TypeError, KeyError):
        return None
