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
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from os import PathLike
from pathlib import Path
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from .csv_delimiter import ONE_COLUMN, find_delimiter, find_quote
from .csv_delimiter import parse as parse  # noqa: PLC0414 (new_header.py takes it from here)
from .csv_numbers import MISSING, find_decimal
from .csv_source import find_encoding, read_source, require_utf8
from .header_line import holds_values, say_strange_names
from .own_encoding import told_in_training
from .quoting import listed, quoted
from .say_once import say_once

WRITTEN = ("delimiter", "quote", "decimal", "encoding", "header")  # what is detected
CSV_FORMAT_OPTIONS = (*WRITTEN, "na_values", "keep_default_na")
DETECT: Mapping[str, Any] = dict.fromkeys(WRITTEN)  # the option csv_format by default, of photos and texts
DETECT_TABLE: Mapping[str, Any] = dict.fromkeys(CSV_FORMAT_OPTIONS)  # and of tables and ratings
_SAMPLE = 1 << 18  # bytes
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
        decimals: Decimal signs of columns of numbers, by name, where they differ from ``decimal``; those that a table of training
            has are added by :func:`.csv_reader.read_table`, and hold for new rows.
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
    decimals: dict[str, str] = field(default_factory=dict, hash=False)

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
        decimals = known.get("decimals", {})
        if not isinstance(decimals, dict) or any(sign not in (".", ",") for sign in decimals.values()):
            raise ValueError(f"decimals={decimals!r} must be . or , by column")
        return cls(**{**known, "told": tuple(told), "na_values": tuple(marks), "decimals": {**decimals}})

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
    quote = told.get("quote", find_quote(text))
    if quote == "":
        quote = None
    delimiter = told.get("delimiter") or find_delimiter(source, text, quote, None if trained is None else trained.delimiter)
    rows = parse(text, delimiter, quote)
    marks = {"na_values": tuple(told.get("na_values", ())), "keep_default_na": told.get("keep_default_na", True)}
    missing = missing_marks(**marks)
    header = told.get("header")
    if header is None:
        header = trained.header if trained is not None else not holds_values(rows, missing)
        if header and trained is None:
            say_strange_names(path, rows, missing)
    values = rows[1:] if header else rows
    decimals = {} if trained is None else {**trained.decimals}
    names = rows[0] if header and rows else [f"column_{i + 1}" for i in range(len(rows[0]) if rows else 0)]
    own = {place for place, name in enumerate(names) if name in decimals}  # these say nothing of the table's decimal sign
    values = [["" if place in own else cell for place, cell in enumerate(row)] for row in values] if own else values
    if trained is not None and delimiter == trained.delimiter:
        decimal, thousands = told.get("decimal", trained.decimal), trained.thousands
        thousands = None if thousands == decimal else thousands
        if thousands is None and (found := find_decimal(path, values, delimiter, decimal, missing=missing)[1]) is not None:
            thousands = found
            say_once(
                f"{path}: {_NAMES.get(found, repr(found))} separates thousands, as the decimal sign in training was {decimal!r}."
            )
    else:  # where the delimiter is another, so was the program that wrote the file
        decimal, thousands = find_decimal(path, values, delimiter, told.get("decimal"), names if header else (), missing)
    facts = (delimiter, quote, decimal, thousands, encoding, bool(header))
    return CSVFormat(*facts, **marks, told=tuple(sorted(told)), decimals=decimals)
