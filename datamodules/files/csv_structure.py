"""Check that every row of a table of text has the header's fields, at the speed of a copy; name the line of one that hasn't.

A row with too few fields, a quote that is never closed or a field that swallows rows would otherwise become values of other
columns, or fewer rows, without a word. What is merely written unusually (quotes within unquoted fields, an empty field at a row's
end, blank lines) is rewritten.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from practicum.lightning_shim import MisconfigurationException

from .csv_format import CSVFormat
from .csv_header import header_fault
from .csv_scan import scan_rows
from .csv_source import TextBytes
from .merged_rows import refuse_merged_rows
from .quoting import listed, quoted

csv.field_size_limit(2**31 - 1)  # Python's default of 131,072 characters is less than a long review


@dataclass
class Rows:
    """The rows of a table of text.

    Attributes:
        names: The header's names, without blanks around them; ``column_1`` ... if there is no header.
        lines: Line number at which each row begins ``[rows]``.
        rewritten: The table as an ordinary CSV, if it had to be rewritten to be read by other readers.
        blank_end: Whether blank lines follow the last row.
    """

    names: list[str]
    lines: np.ndarray[Any, np.dtype[np.int64]] = field(default_factory=lambda: np.zeros(0, np.int64))
    rewritten: bytes | None = None
    blank_end: bool = False

    def __len__(self) -> int:
        return len(self.lines)


def check_rows(source: TextBytes, form: CSVFormat) -> Rows:
    """Check a table's header and the number of fields of each row.

    Args:
        source: The text.
        form: How it is written.

    Raises:
        MisconfigurationException: The header has a name twice, or there are no rows; a row has more or fewer fields than the
            header, a quote isn't closed, or a field holds whole rows, each by its line.
    """
    first_line, header = next(each for each in _records(source, form, False) if each[1])  # the source isn't empty
    names = _names(source, header) if form.header else [f"column_{i + 1}" for i in range(len(header))]
    skip_blanks = form.delimiter not in "\t " and any(name[:1] == " " for name in header[1:])
    rows = Rows(names)
    scanned = scan_rows(source, form, len(names))
    bad = scanned.bad
    if skip_blanks or scanned.unclear or first_line != source.first_line or (bad is not None and is_unnamed(names[-1])):
        scanned.multiline = _rewrite(source, form, rows, skip_blanks or scanned.blank_before_quote)
    elif bad is not None:
        raise _wrong_number(source, form, names, bad.line, bad.fields, bad.text, scanned.bad_count)
    else:
        rows.lines = scanned.lines[1:] if form.header else scanned.lines
        rows.blank_end = scanned.blank_end
    if not len(rows):
        raise MisconfigurationException(f"{source.path}: has a header but no rows; rows are needed.")
    if scanned.multiline and "quote" not in form.told:
        refuse_merged_rows(source.path, iter_records(source, form, rows), form, rows.names)
    return rows


def _names(source: TextBytes, header: Sequence[str]) -> list[str]:
    names: list[str] = []
    unnamed = 0
    for name in (each.strip() for each in header):
        if name and name in names:
            raise MisconfigurationException(f"{source.path}: has the column {quoted(name)} twice; rename one of them.")
        names.append(name if name or "" not in names else f"_duplicated_{unnamed}")  # as polars names it
        unnamed += names[-1] != name
    return names


def is_unnamed(name: str) -> bool:
    """Whether a column was given no name."""
    return not name or name.startswith("_duplicated_")


def iter_records(source: TextBytes, form: CSVFormat, rows: Rows) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of each row of a table that :func:`check_rows` accepted, one at a time."""
    if rows.rewritten is not None:
        reader = csv.reader(io.TextIOWrapper(io.BytesIO(rows.rewritten), encoding="utf-8", newline=""))
        next(reader)
        yield from zip(rows.lines.tolist(), reader, strict=True)
        return
    records = _records(source, form, False)
    if form.header:
        next(records)
    for line in rows.lines.tolist():
        found, record = next(records)
        assert found == line, "the two readers must agree on where rows begin"
        yield line, record or [""]


def _records(source: TextBytes, form: CSVFormat, skip_blanks: bool) -> Iterator[tuple[int, list[str]]]:
    """Line number and fields of each record, the header among them; blank lines have no fields."""
    with source.text_lines() as file:
        reader = csv.reader(
            file,
            delimiter=form.delimiter,
            quotechar=form.quote,
            quoting=csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE,
            skipinitialspace=skip_blanks,
            strict=True,
        )
        line = source.first_line
        try:
            for record in reader:
                yield line, record
                line = source.first_line + reader.line_num
        except csv.Error as error:
            where = f"{source.path}, line {line}"
            if "unexpected end" in str(error):
                raise MisconfigurationException(
                    f"{where}: a quote ({form.quote}) opens here and is never closed; close it, write it twice if it is part of "
                    "the text, or set csv_format.quote=''."
                ) from error
            until = source.first_line + reader.line_num - 1
            place = "" if until == line else f" (in line {until})"
            raise MisconfigurationException(
                f"{where}: a quoted field goes on after its closing quote{place}; write a quote ({form.quote}) within quotes "
                "twice, or set csv_format.quote=''."
            ) from error


def _wrong_number(
    source: TextBytes, form: CSVFormat, names: Sequence[str], line: int, found: int, text: str, count: int
) -> MisconfigurationException:
    if found > len(names) and (fault := header_fault(source.path, _records(source, form, False), form.header)):
        return MisconfigurationException(fault)
    others = f" (and {count - 1:,} more rows)" if count > 1 else ""
    wanted = f"the header has {len(names)} ({listed(names, 6)})" if form.header else f"the first row has {len(names)}"
    cure = f"put a field that holds {form.delimiter!r} in quotes" if found > len(names) else "complete the row"
    return MisconfigurationException(
        f"{source.path}, line {line}: has {found} field{'s' if found != 1 else ''}, but {wanted}: {quoted(text)}{others}; {cure}."
    )


def _rewrite(source: TextBytes, form: CSVFormat, rows: Rows, skip_blanks: bool) -> bool:
    """Check the records one by one and write them as an ordinary CSV; return whether a field has several lines."""
    width = len(rows.names)
    named = next((width - i for i, name in enumerate(reversed(rows.names)) if not is_unnamed(name)), 1)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")  # so that fields with either are quoted
    writer.writerow(rows.names)
    lines: list[int] = []
    blank: list[int] = []
    bad: tuple[int, list[str]] | None = None
    bad_count = 0
    multiline = False
    records = _records(source, form, skip_blanks)
    if form.header:
        next(each for each in records if each[1])
    for line, fields in records:
        record = fields
        if (not any(record) and len(record) < 2) or (width > 1 and len(record) == 1 and not record[0].strip()):
            blank.append(line)
            continue
        if width == 1:  # a blank line among values is a missing value
            lines += blank
            writer.writerows([[""]] * len(blank))
        blank = []
        if len(record) == width + 1 and not record[-1].strip():
            record = record[:-1]
        if named <= len(record) < width:  # the header ends in delimiters
            record = [*record, *[""] * (width - len(record))]
        if len(record) != width:
            bad, bad_count = bad or (line, record), bad_count + 1
            continue
        multiline = multiline or any("\n" in value or "\r" in value for value in record)
        lines.append(line)
        writer.writerow(record)
    if bad is not None:
        raise _wrong_number(source, form, rows.names, bad[0], len(bad[1]), form.delimiter.join(bad[1]), bad_count)
    rows.lines = np.asarray(lines, np.int64)
    rows.rewritten = text.getvalue().encode()
    return multiline
