"""Read texts in one format of dates; see :mod:`.date_formats` for how a column's format is found."""

from __future__ import annotations

import functools
import re

import polars as pl

_OFFSET = r"(?:[Zz]|[+-]\d{2}:?\d{2}|[+-]\d{2})"
SHAPES = {
    "Y": r"(?:1[5-9]|2[01])\d{2}",
    "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "I": r"\d{1,2}", "M": r"\d{1,2}",
    "S": r"\d{1,2}(?:\.\d{1,9})?", "p": "[AaPp][Mm]", "b": "[A-Za-z]{3,9}", "B": "[A-Za-z]{3,9}", "j": r"\d{1,3}",
    "a": "[A-Za-z]{3,9}", "A": "[A-Za-z]{3,9}", "z": _OFFSET, "%": "%",
}  # fmt: skip


@functools.cache
def pattern(form: str) -> re.Pattern[str]:
    """The pattern that all texts in a format match."""
    return re.compile(_shape(form))


def has_shape(text: pl.Series, form: str) -> pl.Series:
    """Which texts have digits, letters and signs where a format has them, even if they are no date, as ``2021-02-30``."""
    return text.str.contains(f"^{_shape(form)}$")


def _shape(form: str) -> str:
    """A regular expression that all texts in a format match: strptime alone reads 21 as the year 21."""
    parts = re.split(r"(\.%f|%.)", form)
    return "".join("" if each == ".%f" else SHAPES[each[1]] if each.startswith("%") else re.escape(each) for each in parts)


def read_dates(text: pl.Series, form: str) -> pl.Series:
    """Read texts in a format; null where one does not have it."""
    has_time = bool({"%H", "%I"} & {*re.findall("%.", form)})
    good = text.set(~has_shape(text, form).fill_null(False), None)
    chrono = form.replace(".%f", "").replace("%S", "%S%.f").replace("%b", "%B")
    shift = None
    if form.endswith("%z"):
        offset = good.str.extract(f"({_OFFSET})$").str.replace("(?i)^z$", "+0000").str.replace(":", "")
        minutes = offset.str.slice(1, 2).cast(pl.Int64) * 60 + offset.str.slice(3).replace("", "0").cast(pl.Int64)
        signed = minutes * (1 - 2 * (offset.str.head(1) == "-").cast(pl.Int64))
        shift = (signed * 60_000_000).cast(pl.Duration("us"))
        good, chrono = good.str.replace(f"\\s*{_OFFSET}$", ""), chrono.removesuffix("%z").rstrip()
    if "%d" not in form and "%j" not in form:
        good, chrono = good + " 01", chrono + " %d"
    parsed = good.str.strptime(pl.Datetime("us") if has_time else pl.Date, chrono, strict=False)
    return (parsed if shift is None else parsed - shift).alias(text.name)
