"""Find the delimiter and the quotes of a table of text: the header proposes, ``clevercsv`` chooses; see :mod:`.csv_format`."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import clevercsv

from .csv_numbers import is_number
from .csv_source import TextBytes

DELIMITERS = (",", ";", "\t", "|")
ONE_COLUMN = "\x1f"  # the delimiter of a table of one column, whose values may hold any of DELIMITERS
_ROWS = 100  # that clevercsv looks at: its time grows with them


def parse(text: str, delimiter: str, quote: str | None) -> list[list[str]]:
    """Split a sample into rows of stripped fields; blank lines and what follows an error are left out."""
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=quote,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        skipinitialspace=delimiter != "\t",
    )
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):  # the reader reports it with its line
        rows.extend([field.strip() for field in row] for row in reader if row)
    return rows


def find_quote(text: str) -> str:
    """A double quote, unless every other row has fields in single ones that end where they should."""
    if '"' in text:
        return '"'
    field = re.compile(r"(?:^|(?<=[,;\t|]))'(?:[^'\r\n]|'')*'(?=[,;\t|]|\s*$)", re.MULTILINE)
    lines = text.splitlines()[1:]
    return "'" if lines and sum(bool(field.search(line)) for line in lines) * 2 > len(lines) else '"'


def find_delimiter(source: TextBytes, text: str, quote: str | None, trained: str | None) -> str:
    """Find what stands between the fields of a table.

    Args:
        source: The file's text.
        text: A sample of it.
        quote: What stands around fields; ``None``: nothing.
        trained: The delimiter in training, which is taken where it fits.
    """
    if source.separator is not None:
        return source.separator
    # Only a delimiter that separates the header's names can be the file's.
    found = {each: rows[0] for each in DELIMITERS if (rows := parse(text, each, quote)) and len(rows[0]) > 1}
    agreeing = {each: names for each, names in found.items() if _agreement(text, each, quote, len(names)) >= 0.5}
    if trained is not None and trained in agreeing:
        return trained
    if len(agreeing) > 1:
        head = "".join(text.splitlines(keepends=True)[:_ROWS])
        try:
            chosen = clevercsv.Sniffer().sniff(head, delimiters="".join(agreeing))
        except clevercsv.Error:
            chosen = None
        if chosen is not None and chosen.delimiter in agreeing:
            return str(chosen.delimiter)
        return max(agreeing, key=lambda each: len(agreeing[each]))
    if agreeing:
        return next(iter(agreeing))
    return _of_one_column(source.path, text, quote, list(found))


def _agreement(text: str, delimiter: str, quote: str | None, wanted: int) -> float:
    """Share of the rows that have as many fields as the header; an empty field at a row's end doesn't count."""
    rows = parse(text, delimiter, quote)[1:]
    fit = sum(len(row) == wanted or (len(row) == wanted + 1 and not row[-1]) for row in rows)
    return fit / len(rows) if rows else 1.0


def _of_one_column(path: Path, text: str, quote: str | None, in_header: Sequence[str]) -> str:
    """The delimiter of a table whose header has one name, or where no delimiter fits."""
    for delimiter in DELIMITERS:
        counts = {len(row) for row in parse(text, delimiter, quote)[1:]}
        values = [line.strip() for line in text.splitlines()[1:] if line.strip()]
        if len(counts) == 1 and counts != {1} and len(values) > 2 and not all(map(is_number, values)):
            return delimiter  # the rows agree with each other: the header lacks names, and the reader says so
    if in_header and len(parse(text, in_header[0], quote)) <= 5:
        return in_header[0]  # too few rows to know better: the reader names the line that doesn't fit
    usual = "\t" if re.search(r"\.(tsv|tab)(\.gz)?$", path.name.lower()) else ","
    plain = all(len(row) == 1 for row in parse(text, usual, quote))
    return usual if plain else ONE_COLUMN
