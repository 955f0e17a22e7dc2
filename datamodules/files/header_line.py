"""Whether the first line of a table names its columns, or is a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .csv_numbers import is_number
from .quoting import listed
from .say_once import say_once

_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}.*|\d{1,2}[-./]\d{1,2}[-./](\d{4}|\d{2})\b.*")


def holds_values(rows: Sequence[Sequence[str]], missing: Sequence[str]) -> bool:
    """Whether the first row holds values rather than names: numbers only, which don't count the columns.

    Args:
        rows: The first rows.
        missing: What stands for a missing value.

    Example:
        >>> from practicum.datamodules.files.header_line import holds_values
        >>> holds_values([["1.5", "7"], ["2.5", "NA"]], ["NA"]), holds_values([["0", "1"], ["2.5", "7"]], [])
        (True, False)
    """
    if len(rows) < 2 or not all(map(is_number, rows[0])):
        return False
    counted = [str(i) for i in range(len(rows[0]) + 1)]  # 0, 1, 2 ... are names that pandas gives
    if list(rows[0]) in (counted[:-1], counted[1:]) and len(rows[0]) > 1:
        return False
    return len(rows[0]) > 1 and all(is_number(value) or value in missing for value in rows[1])


def say_strange_names(path: Path, rows: Sequence[Sequence[str]], missing: Sequence[str]) -> None:
    """Say if the names of columns look like their values: the first line may be a row.

    Args:
        path: The file, for the sentence.
        rows: The names, and some rows.
        missing: What stands for a missing value.
    """
    strange = []
    for name, values in zip(rows[0], zip(*(row for row in rows[1:] if len(row) == len(rows[0])), strict=True), strict=False):
        given = [value for value in values if value not in missing]
        for is_one in (is_number, lambda text: bool(_DATE.fullmatch(text))):
            alike = is_one(name) and given and sum(map(is_one, given)) >= 0.9 * len(given)
            # A year, or a number of an item, may be a name; a fraction, a date above dates or one of the values is none.
            if alike and (name in given or is_one is not is_number or not name.isdigit()):
                strange.append(name)
    if strange:
        look = "look" if strange[1:] else "looks"
        say_once(
            f"{path}: its first line is taken for the names of columns, but {listed(strange, 3)} {look} like values below; set "
            "csv_format.header=false if that line is a row (columns are then called column_1, column_2 ...)."
        )
