"""The header of new rows for a model whose training table had none: names that were given then hold for new files, too.

**What it does.** Where training's file had no header line (``header=[user,item,rating]``, ``csv_format.header=false``), a new
file's first line is a header if it holds one of training's column names; else it is a row, of the columns that training had.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..files.csv_format import CSVFormat, detect_format, parse
from ..files.csv_source import read_source
from ..files.quoting import listed
from ..files.say_once import say_once

_SAMPLE = 1 << 16  # bytes, of which the first line is looked at


def format_of_new(
    path: Path, trained: CSVFormat | None, told: Mapping[str, Any], names: Sequence[str] | None, learnt: Collection[str]
) -> tuple[CSVFormat, list[str] | None]:
    """Find the format of new rows, and the names of their columns where no header has them.

    Args:
        path: The new file.
        trained: The format that training found, if it was a table of text.
        told: The option ``csv_format``.
        names: Column names that training's file was given in place of a header; ``None``: it was given none.
        learnt: Columns that training learnt from.

    Returns:
        The format; and names for a file without a header, ``None`` where its own header, or their numbers, name its columns.
    """
    csv = detect_format(path, trained, **told)
    if csv.header:
        return csv, None
    rows = parse(read_source(path, csv.encoding, _SAMPLE).sample(_SAMPLE), csv.delimiter, csv.quote)
    first = rows[0] if rows else []
    known = {_bare(name) for name in (*(names or ()), *learnt)}
    if not known.isdisjoint(map(_bare, first)):  # one in another case is refused by what reads it
        return detect_format(path, trained, **{**told, "header": True}), None
    if names is None:
        return csv, None
    if len(first) != len(names) and told.get("header") is not False:  # what it lacks is named by what reads it
        return detect_format(path, trained, **{**told, "header": True}), None
    taken = [*names[: len(first)]] if len(first) < len(names) else [*names]
    say_once(f"{path}: has no header, as in training; its columns are {listed(taken)}.", logging.INFO)
    return csv, taken


def _bare(name: str) -> str:
    return name.strip().casefold()
