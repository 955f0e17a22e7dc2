"""Why no row of a table of text fits its header: lines above it, or names of rows that it doesn't name.

**When to use it.** Where rows have more fields than the header. If a single row does, the row is at fault; if all do, the header
is, and quotes around fields would not help.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from practicum.lightning_shim import MisconfigurationException

from .csv_numbers import is_number
from .quoting import listed, quoted

_FIRST = 1000  # records that are looked at
Record = tuple[int, Sequence[str]]  # line and fields


def header_fault(where: object, records: Iterable[Record], has_header: bool = True) -> str | None:
    """Say what is wrong with a header that no row fits; ``None`` if it is the rows, or if there are too few to know.

    Args:
        where: The file, for the message.
        records: Line and fields of each row, the header among them; blank lines have no fields.
        has_header: Whether the first line was taken for one.

    Example:
        >>> from practicum.datamodules.files.csv_header import header_fault
        >>> header_fault("t.csv", [(1, ["Sales 2024"]), (2, []), (3, ["x", "y"]), (4, ["1", "2"]), (5, ["3", "4"])])[:64]
        "t.csv: its first line ('Sales 2024') looks like a title, as line"
    """
    given = _first_filled(records)
    if len(given) < 3:
        return None
    header, width = given[0][1], len(given[-1][1])
    start = len(given) - sum(1 for _ in itertools.takewhile(lambda each: len(each[1]) == width, reversed(given)))
    if not 0 < start < len(given) - 1 or any(len(fields) >= width for _, fields in given[:start]):
        return None
    names_line, names = given[start]
    if _are_names(names, [fields for _, fields in given[start + 1 :]], apart=names_line > given[start - 1][0] + 1):
        title = " ".join(field.strip() for field in header if field.strip())
        return (
            f"{where}: its first line ({quoted(title)}) looks like a title, as line {names_line} holds the names of the columns "
            f"({listed([each.strip() for each in names], 6)}); delete the lines above that."
        )
    if has_header and start == 1 and len(header) == width - 1:
        return (
            f"{where}, line {names_line}: has {width} fields, but the header has {len(header)} "
            f"({listed([each.strip() for each in header], 6)}), and so it is in all rows; put a name for the column that lacks "
            "one into the header: at its beginning if the first fields are the names of the rows, as R writes them."
        )
    return None


def _first_filled(records: Iterable[Record]) -> list[Record]:
    """The first records that are not blank; those before one that can't be read, which another message names."""
    given: list[Record] = []
    try:
        for line, fields in itertools.islice(records, _FIRST):
            if any(field.strip() for field in fields):
                given.append((line, fields))
    except MisconfigurationException:
        pass
    return given


def _are_names(names: Sequence[str], rows: Sequence[Sequence[str]], apart: bool) -> bool:
    """Whether fields name the columns below: all different words, below a blank line (``apart``), or above numbers."""
    bare = [each.strip() for each in names]
    if not all(bare) or len({*bare}) < len(bare) or any(map(is_number, bare)):
        return False
    columns = ([cell.strip() for cell in column if cell.strip()] for column in zip(*rows, strict=True))
    return apart or any(column and all(map(is_number, column)) for column in columns)
