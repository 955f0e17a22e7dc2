"""Find how a table of text is written: delimiter, quote, decimal and thousands sign, encoding, header.

Three libraries were compared on some fifty small files of known format. DuckDB's ``sniff_csv`` reads ``a fine, warm film,pos``
below ``text,label`` as a single column, drops the header of ``A;B;C`` above ``1,1;2,2;3,3`` and knows only UTF-8; polars has no
detection. ``clevercsv`` (Van den Burg et al. 2019) was right on all of them *if* it may choose only among the delimiters that
the header line holds: natural language, with its commas and semicolons, then can't mislead it. So the header proposes,
``clevercsv`` chooses where the header proposes several, and polars reads.

What can't be known is said once: numbers such as ``1.299`` that may be thousands, an encoding that isn't UTF-8.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from os import PathLike
from pathlib import Path
from typing import Any

import clevercsv
from practicum.lightning_shim import MisconfigurationException

from .csv_numbers import MISSING, find_decimal, is_number
from .csv_source import TextBytes, find_encoding, read_source, require_utf8
from .header_line import holds_values, say_strange_names
from .own_encoding import told_in_training
from .quoting import listed, quoted
from .say_once import say_once

DELIMITERS = (",", ";", "\t", "|")
ONE_COLUMN = "\x1f"  # the delimiter of a table of one column, whose values may hold any of DELIMITERS
WRITTEN = ("delimiter", "quote", "decimal", "encoding", "header")  # what is detected
CSV_FORMAT_OPTIONS = (*WRITTEN, "na_values", "keep_default_na")
DETECT: Mapping[str, Any] = dict.fromkeys(WRITTEN)  # the option csv_format by default, of photos and texts
DETECT_TABLE: Mapping[str, Any] = dict.fromkeys(CSV_FORMAT_OPTIONS)  # and of tables and ratings
_SAMPLE = 1 << 18  # bytes
_ROWS = 100  # that clevercsv looks at: its time grows with them
_NAMES = {"\t": "tab", ONE_COLUMN: "none (one column)", "\xa0": "no-break space", "\u202f": "narrow no-break space"}


@dataclass(frozen=True)
class CSVFormat:
    """How a table of text is written.

    Attributes:
        delimiter: Between fields.
        quote: Around fields that hold the delimiter or a line's end; doubled inside of them. ``None``: there are no quotes.
        decimal: Decimal sign.
        thousands: Sign between groups of three digits, or ``None``.
        encoding: Encoding.
        header: Whether the first line names the columns.
        na_values: What stands for a missing value besides an empty field and :data:`MISSING`.
        keep_default_na: Whether those do; false: ``None`` and ``NA`` are words.
        told: Names of the attributes that the user fixed.
    """

    delimiter: str = ","
    quote: str | None = '"'
    decimal: str = "."
    thousands: str | None = None
    encoding: str = "utf-8"
    header: bool = True
    na_values: tuple[str, ...] = ()
    keep_default_na: bool = True
    told: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """All that stands for a missing value, as it is written."""
        return missing_marks(self.na_values, self.keep_default_na)

    def as_dict(self) -> dict[str, Any]:
        """Return the format as JSON-able values."""
        return {**asdict(self), "na_values": list(self.na_values), "told": list(self.told)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CSVFormat:
        """Return the format that :meth:`as_dict` described; unknown keys are ignored.

        Raises:
            ValueError: A value is none that a format can have.
        """
        if not isinstance(values, Mapping):
            raise ValueError("the format of a CSV is no mapping")
        known = {each.name: values[each.name] for each in fields(cls) if each.name in values}
        told, thousands = known.get("told", ()), known.get("thousands")
        marks = known.get("na_values", ())
        if not isinstance(marks, list | tuple) or not all(isinstance(each, str) for each in marks):
            raise ValueError(f"na_values={marks!r} must be texts")
        if not isinstance(known.get("keep_default_na", True), bool):
            raise ValueError("keep_default_na must be true or false")
        try:
            check_csv_format({name: known.get(name) for name in CSV_FORMAT_OPTIONS})
        except MisconfigurationException as error:
            raise ValueError(str(error)) from error
        if not isinstance(told, list | tuple) or any(each not in CSV_FORMAT_OPTIONS for each in told):
            raise ValueError(f"told={told!r} must name parts of a format")
        if thousands is not None and not (isinstance(thousands, str) and len(thousands) == 1):
            raise ValueError(f"thousands={thousands!r} must be one character")
        return cls(**{**known, "told": tuple(told), "na_values": tuple(marks)})

    def unusual(self) -> str | None:
        """What differs from a usual CSV, as ``delimiter ';', decimal ','``; ``None`` if nothing does."""
        usual = CSVFormat()
        found = []
        for name in ("delimiter", "quote", "decimal", "thousands", "encoding"):
            value = getattr(self, name)
            if value != getattr(usual, name):
                found.append(f"{name} {_NAMES.get(value) or (value if name == 'encoding' or value is None else repr(value))}")
        marks = [f"na_values {listed(self.na_values, 8)}"] if self.na_values else []
        marks += [] if self.keep_default_na else ["keep_default_na false"]
        return ", ".join([*found, *([] if self.header else ["no header"]), *marks]) or None


def missing_marks(na_values: Sequence[str] = (), keep_default_na: bool | None = True) -> tuple[str, ...]:
    """What stands for a missing value: an empty field always.

    Args:
        na_values: What does so besides.
        keep_default_na: Whether :data:`MISSING` does; false: no.

    Example:
        >>> from practicum.datamodules.files.csv_format import missing_marks
        >>> missing_marks(["n.a."], keep_default_na=False)
        ('', 'n.a.')
    """
    return ("", *(MISSING[1:] if keep_default_na is not False else ()), *(na_values or ()))


def check_csv_format(options: Mapping[str, Any] | None, known: Sequence[str] = CSV_FORMAT_OPTIONS) -> dict[str, Any]:
    """Check the option ``csv_format`` of a data module; return what it fixes, without what is to be detected.

    Args:
        options: Values by key; ``None``: not known.
        known: Keys that it may have.

    Raises:
        MisconfigurationException: A key is unknown, or a value can't be used.
    """
    told = {str(key): value for key, value in (options or {}).items() if value is not None}
    for key in told:
        if key not in known:
            raise MisconfigurationException(f"csv_format: has no key {quoted(key)}; it has {', '.join(known)}.")
    if "delimiter" in told:
        told["delimiter"] = {"\\t": "\t", "tab": "\t"}.get(str(told["delimiter"]), str(told["delimiter"]))
    if isinstance(told.get("na_values"), Sequence) and not isinstance(told["na_values"], str):
        told["na_values"] = [str(each) for each in told["na_values"]]  # -999 of a command line is a number
    one_character = "one character, such as ';' or '\\t'"
    for key, valid, wanted in (
        ("delimiter", lambda value: len(value) == 1 and value not in "\"'\r\n", one_character),
        ("quote", lambda value: value in ('"', "'", ""), "\", ' or '' (no quotes)"),
        ("decimal", lambda value: value in (".", ","), ". or ,"),
        ("header", lambda value: isinstance(value, bool), "true or false"),
        ("na_values", lambda value: isinstance(value, list), "a list, such as [n.a.,-999]"),
        ("keep_default_na", lambda value: isinstance(value, bool), "true or false"),
        ("encoding", lambda value: _is_encoding(str(value)), "an encoding, such as utf-8, cp1252 or utf-16"),
    ):
        if key in told and not valid(told[key]):
            raise MisconfigurationException(f"csv_format.{key}={quoted(told[key])} must be {wanted}.")
    return told


def _is_encoding(name: str) -> bool:
    try:
        "a".encode(name)
    except (LookupError, UnicodeError, ValueError):
        return False
    return True


def detect_format(path: str | PathLike[str], trained: CSVFormat | None = None, **told: Any) -> CSVFormat:
    r"""Find a table's format.

    Args:
        path: The file; its name may end in any way.
        trained: The format that training found, for a new file: its header holds, its delimiter where the file's header has it,
            and then its decimal and thousands signs; the encoding is the file's own.
        told: What the user fixed, by name (``delimiter`` ...); ``None``: to be detected.

    Raises:
        MisconfigurationException: The file is missing, empty or no text, or an option can't be used.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from practicum.datamodules.files.csv_format import detect_format
        >>> table = Path(tempfile.mkdtemp()) / "prices.csv"
        >>> _ = table.write_text("item;price\ncup;1,50\npot;12,00\n")
        >>> detect_format(table).unusual()
        "delimiter ';', decimal ','"
    """
    path = Path(path)
    told = check_csv_format(told)
    told = {**told_in_training(path, trained, told), **told}
    encoding = told.get("encoding") or find_encoding(path)
    if "encoding" in told and codecs.lookup(encoding).name in ("utf-8", "utf-8-sig"):
        require_utf8(path)
    if encoding == "cp1252" and "encoding" not in told:
        say_once(
            f"{path}: is not UTF-8 and is read as cp1252 (Windows); name its encoding in csv_format.encoding if it is another."
        )
    source = read_source(path, encoding, 2 * _SAMPLE)
    text = source.sample(_SAMPLE)
    quote = told.get("quote", _find_quote(text))
    if quote == "":
        quote = None
    delimiter = told.get("delimiter") or _find_delimiter(source, text, quote, trained)
    rows = parse(text, delimiter, quote)
    marks = {"na_values": tuple(told.get("na_values", ())), "keep_default_na": told.get("keep_default_na", True)}
    missing = missing_marks(**marks)
    header = told.get("header")
    if header is None:
        header = trained.header if trained is not None else not holds_values(rows, missing)
        if header and trained is None:
            say_strange_names(path, rows, missing)
    values = rows[1:] if header else rows
    if trained is not None and delimiter == trained.delimiter:
        decimal, thousands = told.get("decimal", trained.decimal), trained.thousands
        thousands = None if thousands == decimal else thousands
        if thousands is None and (found := find_decimal(path, values, delimiter, decimal, missing=missing)[1]) is not None:
            thousands = found
            say_once(
                f"{path}: {_NAMES.get(found, repr(found))} separates thousands, as the decimal sign in training was {decimal!r}."
            )
    else:  # where the delimiter is another, so was the program that wrote the file
        names = rows[0] if header and rows else ()
        decimal, thousands = find_decimal(path, values, delimiter, told.get("decimal"), names, missing)
    return CSVFormat(delimiter, quote, decimal, thousands, encoding, bool(header), **marks, told=tuple(sorted(told)))


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


def _find_quote(text: str) -> str:
    """A double quote, unless every other row has fields in single ones that end where they should."""
    if '"' in text:
        return '"'
    field = re.compile(r"(?:^|(?<=[,;\t|]))'(?:[^'\r\n]|'')*'(?=[,;\t|]|\s*$)", re.MULTILINE)
    lines = text.splitlines()[1:]
    return "'" if lines and sum(bool(field.search(line)) for line in lines) * 2 > len(lines) else '"'


def _find_delimiter(source: TextBytes, text: str, quote: str | None, trained: CSVFormat | None) -> str:
    if source.separator is not None:
        return source.separator
    # Only a delimiter that separates the header's names can be the file's.
    found = {each: rows[0] for each in DELIMITERS if (rows := parse(text, each, quote)) and len(rows[0]) > 1}
    agreeing = {each: names for each, names in found.items() if _agreement(text, each, quote, len(names)) >= 0.5}
    if trained is not None and trained.delimiter in agreeing:
        return trained.delimiter
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
