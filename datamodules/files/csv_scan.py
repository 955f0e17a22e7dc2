"""Count the fields of all rows of a table of text at once, with numpy: a million rows in a fraction of a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from practicum.lightning_shim import MisconfigurationException

from .csv_format import CSVFormat
from .csv_source import TextBytes

_BLOCK = 1 << 22
_NEWLINE, _RETURN, _BLANK = 10, 13, 32
Array = np.ndarray[Any, Any]


@dataclass
class BadRow:
    """The first row with another number of fields than the header."""

    line: int
    fields: int
    text: str


@dataclass
class ScannedRows:
    """What a scan found.

    Attributes:
        lines: Line number at which each row begins, the header among them.
        bad: The first row with another number of fields than the header.
        bad_count: Number of such rows.
        unclear: Whether some rows can't be judged by counting, and have to be parsed.
        multiline: Whether a field holds a line's end.
        blank_end: Whether blank lines follow the last row.
        blank_before_quote: Whether some quote follows a delimiter and a blank.
    """

    lines: Array
    bad: BadRow | None = None
    bad_count: int = 0
    unclear: bool = False
    multiline: bool = False
    blank_end: bool = False
    blank_before_quote: bool = False


def scan_rows(source: TextBytes, form: CSVFormat, width: int) -> ScannedRows:
    """Count the fields of each row.

    Args:
        source: The text.
        form: How it is written.
        width: Fields that each row should have.

    Raises:
        MisconfigurationException: There is a zero byte.
    """
    if len(form.delimiter.encode()) > 1:
        return ScannedRows(np.zeros(0, np.int64), unclear=True)
    return _Scan(source, form, width).run()


class _Scan:
    def __init__(self, source: TextBytes, form: CSVFormat, width: int) -> None:
        self.source, self.width = source, width
        self.delimiter = ord(form.delimiter)
        self.quote = None if form.quote is None else ord(form.quote)
        data = np.frombuffer(source.data, np.uint8)
        end = len(data)
        while end > source.start and data[end - 1] in (_NEWLINE, _RETURN):
            end -= 1
        tail = bytes(data[end:])
        self.data = data[:end]  # without the last line's end
        self.found = ScannedRows(np.zeros(0, np.int64), blank_end=tail not in (b"", b"\n", b"\r\n"))
        self.row_start = source.start
        self.newlines = 0  # so far

    def run(self) -> ScannedRows:
        found, size = self.found, len(self.data)
        starts: list[Array] = [np.zeros(1, np.int64)]  # number of newlines before each row
        inside, last_quote, delimiters = 0, -2, 0
        for begin in range(self.source.start, size, _BLOCK):
            block = self.data[begin : begin + _BLOCK]
            self._refuse_zero(block)
            ends, cuts = np.flatnonzero(block == _NEWLINE), np.flatnonzero(block == self.delimiter)
            if begin + len(block) == size:
                ends = np.append(ends, len(block))
            numbers = self.newlines + np.arange(1, len(ends) + 1)
            seen = len(ends)
            quotes = np.flatnonzero(block == self.quote) if self.quote is not None else np.zeros(0, np.int64)
            if len(quotes) or inside:
                outside = ((np.searchsorted(quotes, ends) + inside) & 1) == 0
                found.multiline |= not outside.all()
                ends, numbers = ends[outside], numbers[outside]
                cuts = cuts[((np.searchsorted(quotes, cuts) + inside) & 1) == 0]
                self._judge_quotes(quotes + begin, inside, last_quote)
                last_quote = int(quotes[-1]) + begin if len(quotes) else last_quote
                inside = (inside + len(quotes)) & 1
            upto = np.searchsorted(cuts, ends)
            counts = np.diff(upto, prepend=0)
            counts[:1] += delimiters
            delimiters = len(cuts) - int(upto[-1]) if len(upto) else delimiters + len(cuts)
            self._judge_rows(ends + begin, counts, numbers)
            starts.append(numbers)
            self.newlines += seen
        found.unclear |= bool(inside) or self._has_lone_returns()
        before = np.concatenate(starts)[:-1]  # the last row's end begins no row
        found.lines = self.source.first_line + before.astype(np.int64)
        return found

    def _refuse_zero(self, block: Array) -> None:
        if not block.all():
            at = int(np.flatnonzero(block == 0)[0])
            line = self.source.first_line + self.newlines + int((block[:at] == _NEWLINE).sum())
            raise MisconfigurationException(
                f"{self.source.path}, line {line}: holds a zero byte, which no text has; export the table again, or name its "
                "encoding in csv_format.encoding."
            )

    def _judge_quotes(self, quotes: Array, inside: int, last: int) -> None:
        """Whether quotes stand at the beginning and end of fields only, or in pairs."""
        data, size = self.data, len(self.data)
        closes = ((np.arange(len(quotes)) + inside) & 1) == 1
        previous = np.concatenate([np.asarray([last]), quotes])[:-1]
        opening, closing = quotes[~closes], quotes[closes]
        paired = previous[~closes] == opening - 1
        before = np.where(opening == self.source.start, _NEWLINE, data[np.maximum(opening - 1, 0)])
        after = np.where(closing + 1 >= size, _NEWLINE, data[np.minimum(closing + 1, size - 1)])
        well = paired | (before == self.delimiter) | (before == _NEWLINE)
        blank = data[np.maximum(opening - 2, 0)] == self.delimiter
        self.found.blank_before_quote |= bool((~well & (before == _BLANK) & blank).any())
        ends = (after == self.delimiter) | (after == _NEWLINE) | (after == _RETURN) | (after == self.quote)
        self.found.unclear |= not (well.all() and ends.all())

    def _judge_rows(self, ends: Array, counts: Array, numbers: Array) -> None:
        """Note rows with another number of fields than the header; blank lines and empty last fields are to be parsed."""
        for index in np.flatnonzero(counts != self.width - 1).tolist():
            if self.found.bad_count < 1000:
                begin = self.row_start if index == 0 else int(ends[index - 1]) + 1
                end = int(ends[index])
                text = bytes(self.data[begin : min(end, begin + 400)])
                last = bytes(self.data[max(begin, end - 8) : end]).strip(b"\r\n ")
                empty_last = counts[index] == self.width and last.endswith(bytes([self.delimiter]))
                if not text.strip() or empty_last or self.found.unclear:
                    self.found.unclear = True
                    return
                if self.found.bad is None:
                    line = self.source.first_line + (int(numbers[index - 1]) if index else self._newlines_before(begin))
                    self.found.bad = BadRow(line, int(counts[index]) + 1, text.decode("utf-8", "replace").strip())
            self.found.bad_count += 1
        if len(ends):
            self.row_start = int(ends[-1]) + 1

    def _newlines_before(self, position: int) -> int:
        return int((self.data[self.source.start : position] == _NEWLINE).sum())

    def _has_lone_returns(self) -> bool:
        """Whether a carriage return ends a line by itself, as on old Macs."""
        for begin in range(self.source.start, len(self.data), _BLOCK):
            block = self.data[begin : begin + _BLOCK + 1]
            at = np.flatnonzero(block[:_BLOCK] == _RETURN)
            at = at[at + 1 < len(block)]
            if (block[at + 1] != _NEWLINE).any():
                return True
        return False
