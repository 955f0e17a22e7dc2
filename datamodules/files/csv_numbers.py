"""Numbers as people write them in tables of text: decimal commas, signs between thousands, marks of missing values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from .quoting import quoted
from .say_once import say_once

# What pandas takes for missing, Excel's and R's marks among them, and what people write besides.
MISSING = (
    "", "NA", "N/A", "n/a", "?", "-", "null", "NULL", "None", "<NA>", "#N/A", "#N/A N/A", "#NA",
    "nan", "NaN", "-nan", "-NaN", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
)  # fmt: skip
MINUS = "\u2212"  # what typesetters and some exports write for a hyphen before a number
SPACES = " \xa0\u202f"  # between thousands in much of Europe; no-break in Excel's exports
_EXPONENT = r"(?:[eE][-+]?\d+)?"
_PLAIN = re.compile(rf"[-+{MINUS}]?(?:\d+[.,]?\d*|[.,]\d+){_EXPONENT}")
MAYBE_THOUSANDS = rf"^[-+{MINUS}]?[1-9]\d{{0,2}}([.,]\d{{3}})+$"  # 1.234 may be a fraction, or thousands
_GROUPED = re.compile(rf"[-+{MINUS}]?\d{{1,3}}(?:([.,' {SPACES}\u2019])\d{{3}})(?:\1\d{{3}})*(?:[.,]\d+)?")


def is_number(text: str) -> bool:
    """Whether a field is a number in any of the usual notations."""
    return bool(_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text))


def find_decimal(
    path: Path,
    rows: Sequence[Sequence[str]],
    delimiter: str,
    decimal: str | None = None,
    names: Sequence[str] = (),
    missing: Sequence[str] = MISSING,
) -> tuple[str, str | None]:
    """Find the decimal and the thousands sign of a table.

    Args:
        path: The file, for messages.
        rows: A sample of its rows, without the header.
        delimiter: The file's delimiter.
        decimal: The decimal sign, if it is known.
        names: Names of the columns, for messages, where the table has them.
        missing: What stands for a missing value.

    Returns:
        Decimal sign and thousands sign, the latter ``None`` where there is none.
    """
    votes = {".": 0, ",": 0}  # of columns, for the decimal sign
    groups: dict[str, int] = {}  # columns with a thousands sign
    unclear: dict[str, tuple[str, int]] = {}  # numbers that may be read in both ways, each with its column, by the sign in them
    width = max((len(row) for row in rows), default=0)
    for column in range(width):
        values = [row[column] for row in rows if column < len(row) and row[column] not in missing]
        if not values or sum(map(is_number, values)) < 0.9 * len(values):
            continue
        # 1.5, 0.123, .5, 1234.567 and 1,234.5 have a decimal point for sure; 1.234 may have none.
        sure = {sign: sum(_is_decimal(v, sign) for v in values) for sign in votes}
        for sign, other in ((".", ","), (",", ".")):
            grouped = next((v for v in values if (m := _GROUPED.fullmatch(v)) and m[1] == sign), None)
            if sure[sign]:
                votes[sign] += sure[sign] >= sure[other]  # a few odd values don't make it the column's sign
            elif grouped is not None:
                if sure[other] or grouped.count(sign) > 1:
                    groups[sign] = groups.get(sign, 0) + 1
                    votes[other] += grouped.count(sign) > 1
                else:
                    unclear.setdefault(sign, (grouped, column))
        for sign in (*SPACES, "'", "\u2019"):
            if any((m := _GROUPED.fullmatch(v)) and m[1] == sign for v in values):
                groups[sign] = groups.get(sign, 0) + 1
    told = decimal is not None
    if decimal is None:
        if votes["."] and votes[","]:
            decimal = "." if votes["."] >= votes[","] else ","
            say_once(
                f"{path}: some columns have decimal points, others decimal commas; numbers are read with {decimal!r}: set "
                "csv_format.decimal if that is wrong."
            )
        elif votes["."] or votes[","]:
            decimal = "." if votes["."] else ","
        else:
            decimal = "."
    other = "," if decimal == "." else "."
    if other in unclear and (votes[decimal] or delimiter == "," or other == "."):
        groups[other] = groups.get(other, 0) + 1
    elif other in unclear and not told:
        decimal, other = other, decimal  # 1,299 in a table with another delimiter and without a point: a decimal comma
        unclear = {decimal: unclear[decimal]}
    thousands = max(groups, key=lambda sign: groups[sign]) if groups else None
    if thousands == decimal:
        thousands = None
    if not told and not any(votes.values()) and unclear and (delimiter != "," or "," in unclear):
        example, column = next(iter(unclear.values()))
        place = f"{path}, column {quoted(names[column])}" if column < len(names) else path
        value = example.replace(thousands or "", "").replace(decimal, ".")
        say_once(
            f"{place}: {example} may be a number with a decimal sign or one with a thousands sign; it is read as {value}: set "
            "csv_format.decimal if that is wrong."
        )
    return decimal, thousands


def _is_decimal(value: str, sign: str) -> bool:
    """Whether ``sign`` is the decimal sign of a number for certain."""
    if value.count(sign) != 1 or not is_number(value):
        return False
    grouped = _GROUPED.fullmatch(value)
    if grouped is None:
        return True
    if grouped[1] != sign:
        return True  # another sign stands between the thousands
    return value.lstrip(f"+-{MINUS}").startswith("0")  # 0.123


def as_plain_number(text: pl.Expr, decimal: str, thousands: str | None) -> pl.Expr:
    """Rewrite numbers with a decimal and a thousands sign so that they can be cast; what isn't one becomes null.

    Args:
        text: Strings without blanks around them.
        decimal: Decimal sign.
        thousands: Sign between groups of three digits, or ``None``.
    """
    point = re.escape(decimal)
    text = text.str.replace(MINUS, "-", literal=True)
    forms = [rf"[-+]?(?:\d+{point}?\d*|{point}\d+){_EXPONENT}", r"[-+]?[iI]nf(?:inity)?"]
    rewritten = text
    if thousands is not None:
        sign = re.escape(thousands)
        forms.append(rf"[-+]?[1-9]\d{{0,2}}(?:{sign}\d{{3}})+(?:{point}\d*)?")  # 0.420 is no 420
        rewritten = rewritten.str.replace_all(thousands, "", literal=True)
    if decimal != ".":
        rewritten = rewritten.str.replace(decimal, ".", literal=True)
    return pl.when(text.str.contains(rf"^(?:{'|'.join(forms)})$")).then(rewritten.str.strip_prefix("+"))


def mark_numbers(marks: Sequence[str]) -> list[float]:
    """Those of the marks of missing values that are numbers, such as -999.

    Example:
        >>> from practicum.datamodules.files.csv_numbers import mark_numbers
        >>> mark_numbers(["n.a.", "-999", "-999,5"])
        [-999.0, -999.5]
    """
    plain = pl.Series(marks, dtype=pl.String).to_frame("mark")
    read = [as_plain_number(pl.col("mark"), *signs).cast(pl.Float64) for signs in ((".", ","), (",", "."))]
    return plain.select(pl.coalesce(read)).to_series().drop_nulls().to_list()


def without_marks(frame: pl.LazyFrame, marks: Sequence[str]) -> pl.LazyFrame:
    """Make null of the numbers of a table that are marks of missing values, however they are written.

    Args:
        frame: The table.
        marks: As the user wrote them.
    """
    numbers = pl.Series(mark_numbers(marks), dtype=pl.Float64)
    if not len(numbers):
        return frame
    return frame.with_columns(
        pl.when(~pl.col(name).cast(pl.Float64).is_in(numbers.cast(dtype).cast(pl.Float64).implode())).then(pl.col(name))
        for name, dtype in frame.collect_schema().items()
        if dtype.is_float()
    ).with_columns(
        pl.when(~pl.col(name).cast(pl.Float64).is_in(numbers.implode())).then(pl.col(name))
        for name, dtype in frame.collect_schema().items()
        if dtype.is_integer()
    )
