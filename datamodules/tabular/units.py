"""Numbers with a unit or a currency: ``38.4 kg``, ``$1,299``, ``18 %``.

**What it does.** Finds the sign or word that stands beside the number in every cell of a column of text, and how the numbers are
written. ``18 %`` is 18. Codes are none: numbers of one length beside a word (10115 Berlin), or with zeros before them.

**When to use it.** :mod:`.unit_columns` does so with the columns of a table.

**Defaults.** The decimal sign is the table's; the other one, if the cells can't be read so. Where 850 kg and 1.020 kg stand in
one column, no number has another count of decimals and none of four digits is without a sign, it stands between thousands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import polars as pl

from ..files.csv_numbers import MAYBE_THOUSANDS, MINUS, as_plain_number

_CODES = (
    "USD EUR GBP CHF JPY CNY INR AUD CAD NZD SEK NOK DKK ISK PLN CZK HUF RON BRL MXN ARS CLP ZAR KRW SGD HKD TWD THB IDR TRY RUB "
    r"UAH ILS AED SAR EGP NGN KES PKR Rs Rs\. [Kk]r [Kk]r\."
).replace(" ", "|")
_MONEY = rf"^(?:{_CODES}|[A-Z]{{0,3}}\p{{Sc}})$"
# Beside whole numbers of one length a capitalised word may be a town's (10115 Berlin), a letter a part of a code (20231001S).
_WORD = (
    r"^(?:[\p{Ll}\u00b5][\p{L}\u00b5. /]+|[gmltshd]|[kM]?Wh?|[km]?[VA]|[kMG]?Hz|[KMGT]i?B|PS|[kh]?Pa|k?J|BTU|Euro|Dollar|Watt"
    r"|Volt|Meter|Liter|Gramm|St(?:k|\u00fcck)\.?|[%\u2030\u00b0].*|(?:[munpckd\u00b5]?m|ft|in|yd|mi)[23\u00b2\u00b3])$"
)
_SPACE = r"[ \t\xa0\u202f]"
_SIGN = rf"[-+{MINUS}]"
_NUMBER = rf"{_SIGN}?(?:\d(?:[\d.,'\u2019 ]*\d)?|[.,]\d+)"
# Before a number only a currency, else 1011 of "Room 1011" would be one; behind it any word without digits, or m2 and cm3.
_BEHIND = r"(?:[%\u2030\u00b0\u2032\u2033\p{Sc}\p{L}][^\d,;:|'\"=+<>()-]{0,15}|(?:[munpckd\u00b5]?m|ft|in|yd|mi)[23])"
_FORM = rf"^({_SIGN}?)((?:(?:{_CODES})|[A-Z]{{0,3}}\p{{Sc}})?) *({_NUMBER}) *({_BEHIND}?)$"
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
        certain: Whether some number has a decimal sign, or a point or comma between thousands; else new rows may have either.
    """

    sign: str
    decimal: str = "."
    thousands: str = ","
    certain: bool = True

    def check(self) -> None:
        """Raise if no training can have left this, for what was read from a file.

        Raises:
            ValueError: A sign is none.
        """
        signs = self.decimal in _OTHER and self.thousands in _THOUSANDS and self.decimal != self.thousands
        if not isinstance(self.sign, str) or not self.sign or not signs or not isinstance(self.certain, bool):
            raise ValueError("a unit must have a sign, a decimal sign and a thousands sign")

    def with_decimal(self, decimal: str) -> Unit:
        """The same unit with this decimal sign."""
        thousands = _OTHER.get(self.thousands, self.thousands) if decimal != self.decimal else self.thousands
        return replace(self, decimal=decimal, thousands=thousands)

    def swapped(self) -> Unit:
        """The same unit with the other decimal sign."""
        return self.with_decimal(_OTHER[self.decimal])

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
        text = _one_space(text)
        return text.str.strip_chars("-+" + MINUS + " ").str.starts_with(self.sign) | text.str.ends_with(self.sign)

    def is_ambiguous(self, text: pl.Expr) -> pl.Expr:
        """Whether cells are other numbers with the other decimal sign."""
        return self.number(text).cast(pl.Float64) != self.swapped().number(text).cast(pl.Float64)


def find_unit(values: pl.Series, decimal: str = ".", told: bool = False) -> Unit | None:
    """The unit that all cells of a column have, or ``None``.

    Args:
        values: Texts; null: missing.
        decimal: The table's decimal sign, which comes first.
        told: Whether the user said so.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.units import find_unit
        >>> find_unit(pl.Series(["$1,299.00", "$15.50"]))
        Unit(sign='$', decimal='.', thousands=',', certain=True)
        >>> find_unit(pl.Series(["5 kg", "500 g"]))
    """
    present = values.drop_nulls().rename("cell")
    if _parts(present.head(_FIRST)) is None or (found := _parts(present)) is None:
        return None
    numbers, before, behind = found
    sign = f"{before[0]}{behind[0]}"
    lengths = numbers.str.len_chars().n_unique()
    if numbers.str.contains(r"^\d{4,}$").all() and lengths == 1 and len(numbers) > 1 and not _is_unit(sign, present):
        return None
    spaced = next((mark for mark in _THOUSANDS[2:] if numbers.str.contains(mark, literal=True).any()), None)
    written = numbers.filter(numbers.str.contains(r"[.,]"))
    if not told and len(written) and written.str.contains(MAYBE_THOUSANDS).all():
        others = numbers.filter(~numbers.str.contains(r"[.,]"))
        if len(others) and others.str.contains(rf"^{_SIGN}?\d{{1,3}}$").all():
            decimal = _OTHER[written.str.extract(r"([.,])")[0]]
    for point in (decimal, _OTHER[decimal]):
        unit = Unit(sign, point, spaced or _OTHER[point], bool(len(written)))
        if present.to_frame().select(unit.number(pl.col("cell")).is_not_null().all()).item():
            return unit
    return None


def _parts(cells: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series] | None:
    """The numbers of cells, what stands before them and what behind them; ``None`` if that is not the same for all."""
    parts = cells.to_frame().select(_one_space(pl.col("cell")).str.extract_groups(_FORM)).to_series().struct.unnest()
    parts.columns = ["minus", "before", "number", "behind"]
    minus, before, numbers, behind = parts.get_columns()
    if numbers.null_count() or before.n_unique() != 1 or behind.n_unique() != 1 or (before[0] == "") == (behind[0] == ""):
        return None
    padded, twice = numbers.str.contains(rf"^{_SIGN}?0\d"), (minus != "") & numbers.str.contains(r"^\D")
    return None if padded.any() or twice.any() else (numbers, before, behind)  # 007 is a code, and +-5 no number


def _is_unit(sign: str, cells: pl.Series) -> bool:
    """Whether a word beside whole numbers of one length is a unit or a currency rather than a part of a code."""
    attached = cells.str.contains(r"^[A-Za-z]+\d").any()
    return _matches(sign, _WORD) or (_matches(sign, _MONEY) and not attached)


def _matches(sign: str, form: str) -> bool:
    return bool(pl.Series([sign]).str.contains(form).item())
