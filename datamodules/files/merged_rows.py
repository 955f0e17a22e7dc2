"""Find quoted fields of several lines that are rows swallowed by an unmatched quote, not texts of several lines."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from practicum.lightning_shim import MisconfigurationException

from .csv_format import CSVFormat
from .csv_numbers import is_number

_KINDS = 50  # values of a column that has few of them, such as labels,
_REPEATED = 0.7  # and repeats them: values per row


def refuse_merged_rows(path: Path, records: Iterable[tuple[int, list[str]]], form: CSVFormat, names: Sequence[str]) -> None:
    """Raise if a field of several lines looks like rows: each of its lines splits into the header's fields, with usual values.

    ``"second thoughts,pos`` in line 7 is a text with a comma as far as CSV goes, if some later line ends in a quote; but its end
    ``pos`` is a label that other rows have. A usual value is one that other rows have in a column of few values, or a number
    in a column of numbers.

    Args:
        path: The file, for the message.
        records: Line number and fields of each row.
        form: How it is written.
        names: Its columns.

    Raises:
        MisconfigurationException: There is such a field.
    """
    if len(names) < 2:
        return
    counts: list[Counter[str]] = [Counter() for _ in names]
    numeric = [True] * len(names)
    suspects: list[tuple[int, int, list[str]]] = []
    for line, record in records:
        multiline = [i for i, value in enumerate(record) if "\n" in value]
        for column, value in enumerate(record):
            if column in multiline or not value:
                continue
            numeric[column] = numeric[column] and is_number(value.strip())
            if len(counts[column]) <= _KINDS:
                counts[column][value] += 1
        if multiline and (form.delimiter in record[multiline[0]]):
            suspects.append((line, multiline[0], record))

    def usual(column: int, value: str) -> bool:
        return is_number(value) if numeric[column] else counts[column][value] > 0

    few = [len(each) <= min(_KINDS, _REPEATED * each.total()) for each in counts]
    comparable = [bool(counts[i]) and (numeric[i] or few[i]) for i in range(len(names))]
    for line, column, record in suspects:
        inner = record[column].splitlines()
        # The first line goes on from the fields before it, those in the middle are whole rows.
        pieces = [[*record[:column], *_split(inner[0], form)], *(_split(each, form) for each in inner[1:-1])]
        for at, row in enumerate(pieces):
            others = [i for i in range(len(names)) if comparable[i] and (i > column if at == 0 else i != column)]
            if len(row) == len(names) and others and all(usual(i, row[i]) for i in others):
                raise MisconfigurationException(
                    f"{path}, line {line}: the quote ({form.quote}) that opens here closes only {len(inner) - 1} "
                    f"line{'s' if len(inner) > 2 else ''} below, and what it holds looks like rows of their own; close it, or "
                    f"write csv_format.quote='{form.quote}' if it is one text."
                )


def _split(line: str, form: CSVFormat) -> list[str]:
    return next(csv.reader([line], delimiter=form.delimiter, quotechar=form.quote), [])
