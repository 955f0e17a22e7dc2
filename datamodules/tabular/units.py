"""Numbers with a unit or a currency: ``38.4 kg``, ``$1,299``, ``18 %``.

**What it does.** Finds the sign or word that stands beside the number in every cell of a column of text, and how the numbers are
written. ``18 %`` is 18. Codes are none: numbers of one length beside a word (10115 Berlin), or with zeros before them.

**When to use it.** :mod:`.unit_columns` does so with the columns of a table.

**Defaults.** The decimal sign is the table's; the other one, if the cells can't be read so. Money has no three decimals:
``1.020 €`` is 1020.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import polars as pl

from ..files.csv_format import CSVFormat
from ..files.csv_numbers import MAYBE_THOUSANDS, MINUS, as_plain_number

_CODES = (
    "USD EUR GBP CHF JPY CNY INR AUD CAD NZD SEK NOK DKK ISK PLN CZK HUF RON BRL MXN ARS CLP ZAR KRW SGD HKD TWD THB IDR TRY RUB "
    r"UAH ILS AED SAR EGP NGN KES PKR Rs Rs\. [Kk]r [Kk]r\."
).replace(" ", "|")
_MONEY = rf"^(?:{_CODES}|[A-Z]{{0,3}}\p{{Sc}})$"
# Beside whole numbers of one length other words may be a town's (10115 Berlin) or a part of a code (20231001S).
_KNOWN = (
    r"^(?:[kmc\u00b5]?[gml]|dl|t|lbs?|oz|ft|in|yd|mi|m?sec|[mµn]?s|mins?|hrs?|h|d|[kM]?Wh?|[km]?[VA]|[kMG]?Hz|[KkMGT]i?B|ccm?|hp|bhp|PS|rpm"
    r"|bar|[kh]?Pa|psi|kcal|k?J|px|dpi|[%\u2030\u00b0].*|(?:[munpckd\u00b5]?m|ft|in|yd|mi)[23\u00b2\u00b3]|sq\.? ?(?:m|ft))$"
)
_SPACE = r"[ \t\xa0\u202f]"
_SIGN = rf"[-+{MINUS}]"
_NUMBER = rf"{_SIGN}?(?:\d(?:[\d.,'\u2019 ]*\d)?|[.,]\d+)"
# Before a number only a currency, else 1011 of "Room 1011" would be one; behind it any word without digits, or m2 and cm3.
_BEHIND = r"(?:[%\u2030\u00b0\u2032\u2033\p{Sc}\p{L}][^\d,;:|'\"=+<>()-]{0,15}|(?:[munpckd\u00b5]?m|ft|in|yd|mi)[23])"
_FORM = rf"^({_SIGN}?)((?:(?:{_CODES})|[A-Z]{{0,3}}\p{{Sc}})?)( *)({_NUMBER}) *({_BEHIND}?)$"
_OTHER = {".": ",", ",": "."}
_THOUSANDS = (".", ",", "'", "\u2019", " ")
_FIRST = 1000  # rows; most columns of text are told by them


def _one_space(text: pl.Expr) -> pl.Expr:
    """Texts in which every kind of blank is the usual one."""
    return text.str.replace_all(_SPACE, " ")


@dataclass(frozen=True)
class Unit:
    """What stands beside each number of a column, and how the numbers are written.

    Attributes:
        sign: The unit: ``kg``, ``$``.
        decimal: Decimal sign.
        thousands: Sign between groups of three digits; a blank is one of any kind.
    """

    sign: str
    decimal: str = "."
    thousands: str = ","

    def check(self) -> None:
        """Raise if no training can have left this, for what was read from a file.

        Raises:
            ValueError: A sign is none.
        """
        signs = self.decimal in _OTHER and self.thousands in _THOUSANDS and self.decimal != self.thousands
        if not isinstance(self.sign, str) or not self.sign or not signs:
            raise ValueError("a unit must have a sign, a decimal sign and a thousands sign")

    def swapped(self) -> Unit:
        """The same unit with the other decimal sign."""
        return replace(self, decimal=_OTHER[self.decimal], thousands=_OTHER.get(self.thousands, self.thousands))

    def number(self, text: pl.Expr) -> pl.Expr:
        """The numbers of cells, with this unit or without any, so that they can be cast; null where there is another unit.

        Args:
            text: Strings without blanks around them.

        Example:
            >>> import polars as pl
            >>> from practicum.datamodules.tabular.units import Unit
            >>> cells = pl.Series("price", ["1.299,50 €", "-€12", "80", "80 $", "12€50"])
            >>> pl.select(Unit("€", ",", ".").number(pl.lit(cells))).to_series().to_list()
            ['1299.50', '-12', '80', None, None]
        """
        sign = re.escape(self.sign)
        form = rf"^({_SIGN}?) *(?:{sign})? *({_NUMBER}) *(?:{sign})?$"
        text = _one_space(text)
        return as_plain_number(
            pl.when(text.str.contains(form)).then(text.str.replace(form, "${1}${2}")), self.decimal, self.thousands
        )

    def is_beside(self, text: pl.Expr) -> pl.Expr:
        """Whether cells begin or end with the unit."""
        return text.str.strip_chars("-+" + MINUS + " ").str.starts_with(self.sign) | text.str.ends_with(self.sign)

    def is_ambiguous(self, text: pl.Expr) -> pl.Expr:
        """Whether cells are other numbers with the other decimal sign."""
        return self.number(text).cast(pl.Float64) != self.swapped().number(text).cast(pl.Float64)


def find_unit(values: pl.Series, csv: CSVFormat | None = None) -> Unit | None:
    """The unit that all cells of a column have, or ``None``.

    Args:
        values: Texts; null: missing.
        csv: How the table is written: its decimal sign comes first.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.units import find_unit
        >>> find_unit(pl.Series(["$1,299.00", "$15.50"]))
        Unit(sign='$', decimal='.', thousands=',')
        >>> find_unit(pl.Series(["5 kg", "500 g"]))
    """
    present = values.drop_nulls().rename("cell")
    numbers, sign = present, ""
    for cells in (present.head(_FIRST), present):
        parts = cells.to_frame().select(_one_space(pl.col("cell")).str.extract_groups(_FORM)).to_series().struct.unnest()
        parts.columns = ["minus", "before", "blank", "number", "behind"]
        signs = parts.select(pl.col("before") + pl.col("behind").str.strip_chars()).to_series()
        if signs.n_unique() != 1 or not signs[0] or ((parts["before"] != "").any() and (parts["behind"] != "").any()):
            return None
        numbers, sign = parts["number"], str(signs[0])
        if numbers.str.contains(rf"^{_SIGN}?0\d").any() or ((parts["minus"] != "") & numbers.str.contains(r"^\D")).any():
            return None  # 007 is a code, and +-5 no number
        digits = numbers.str.len_chars()
        codes = numbers.str.contains(r"^\d{4,}$").all() and digits.n_unique() == 1 and len(cells) > 1
        attached = (parts["before"].str.contains(r"\w$") & (parts["blank"] == "")).any()
        if codes and not _matches(sign, _KNOWN) and not (_matches(sign, _MONEY) and not attached):
            return None
    spaced = next((mark for mark in _THOUSANDS[2:] if numbers.str.contains(mark, literal=True).any()), None)
    decimal = "." if csv is None else csv.decimal
    told = csv is not None and "decimal" in csv.told
    written = numbers.filter(numbers.str.contains(r"[.,]"))
    if _matches(sign, _MONEY) and not told and len(written) and written.str.contains(MAYBE_THOUSANDS).all():
        decimal = _OTHER[written.str.extract(r"([.,])")[0]]
    for point in (decimal, _OTHER[decimal]):
        unit = Unit(sign, point, spaced or _OTHER[point])
        if present.to_frame().select(unit.number(pl.col("cell")).is_not_null().all()).item():
            return unit
    return None


def _matches(sign: str, form: str) -> bool:
    return bool(pl.Series([sign]).str.contains(form).item())
