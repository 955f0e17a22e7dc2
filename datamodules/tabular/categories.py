"""Categories of a column, whose codes are their positions: collected in training, found again in new rows.

**What it does.** A column keeps the type that training read: zip codes that were texts stay texts (``01234`` is not 1234), and
numbers are the same number however they are written (``1``, ``1.0``), unless leading zeros say that they are codes. Texts are the
same in each form of Unicode (é as one character or as two).

**When to use it.** Inside :class:`.TablePreprocessor`; :mod:`practicum.datamodules.ratings.ids` finds users and items by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ..files.quoting import quoted

_DTYPES: dict[str, Any] = {"String": pl.String, "Int64": pl.Int64, "Float64": pl.Float64, "Boolean": pl.Boolean}
_INTEGER = r"^[-+]?(?:0|[1-9]\d*)(?:\.0*)?$"  # 1 and 1.0, but not 01
_LEADING_ZERO = r"^[-+]?0\d"
_EXACT = 2.0**53  # whole numbers up to here are what they say they are when a frame holds them as floats


@dataclass
class CategoricalColumn:
    """A fitted categorical column.

    Attributes:
        dtype: Type it was read as: ``String``, ``Int64``, ``Float64`` or ``Boolean``.
        categories: Its categories; their codes are their positions, counted from 1.
    """

    dtype: str
    categories: list[str]

    def check(self) -> None:
        """Raise if no training can have left this, for what was read from a file.

        Raises:
            ValueError: The type is unknown, or the categories are not texts of this type, each once.
        """
        if self.dtype not in [*_DTYPES]:
            raise ValueError(f"dtype={quoted(self.dtype)} must be one of {', '.join(_DTYPES)}")
        if not isinstance(self.categories, list) or not all(isinstance(each, str) for each in self.categories):
            raise ValueError("categories must be a list of texts")
        kinds = _DTYPES[self.dtype]
        values = pl.Series(self.categories, dtype=pl.String)
        if kinds in (pl.Int64, pl.Float64):
            values = values.cast(kinds, strict=False)
        if values.null_count() or values.n_unique() != len(values):
            raise ValueError(f"categories must be texts of type {self.dtype}, each once")

    def encode(self, values: pl.Series) -> pl.Series:
        """Codes of values ``Int32 [N]``; 0 for those that training didn't have, and for missing ones.

        Args:
            values: Of any type: what was read from a text, or a column of a frame.
        """
        dtype = _DTYPES[self.dtype]
        if not self.categories:
            return pl.zeros(len(values), pl.Int32, eager=True)
        known: Sequence[Any] = self.categories
        if dtype == pl.Boolean:
            known = [each == "true" for each in self.categories]
        elif dtype in (pl.Int64, pl.Float64):
            known = pl.Series(self.categories, dtype=pl.String).cast(dtype).to_list()
        codes = range(1, len(known) + 1)
        found = _as_dtype(to_plain_dtype(values), dtype, self.categories)
        encoded = found.replace_strict(known, codes, default=0, return_dtype=pl.Int32).fill_null(0)
        return _same_letters(found, encoded, self.categories) if dtype == pl.String else encoded


def _same_letters(text: pl.Series, codes: pl.Series, categories: Sequence[str]) -> pl.Series:
    """Codes also of texts that are a category in another form of Unicode, as macOS writes names of files: e and accent for é."""
    unknown = (codes == 0) & text.str.contains(r"[^\x00-\x7f]").fill_null(False)
    if not unknown.any():
        return codes
    words = pl.Series(categories, dtype=pl.String).str.normalize("NFC")
    first = words.is_first_distinct()
    once = {word: code for code, (word, new) in enumerate(zip(words, first, strict=True), 1) if new}
    again = text.set(~unknown, None).str.normalize("NFC").replace_strict(once, default=0, return_dtype=pl.Int32).fill_null(0)
    return again.zip_with(unknown, codes)


def to_plain_dtype(values: pl.Series) -> pl.Series:
    """Cast a column to one of ``String``, ``Int64``, ``Float64`` and ``Boolean``; integers beyond 2^63 become texts."""
    dtype = values.dtype
    if dtype in (pl.Boolean, pl.String):
        return values
    if dtype.is_integer():
        whole = values.cast(pl.Int64, strict=False)
        return whole if whole.null_count() == values.null_count() else values.cast(pl.String)
    if dtype.is_numeric():
        return values.cast(pl.Float64)
    return values.cast(pl.String)


def _as_dtype(values: pl.Series, dtype: Any, categories: Sequence[str]) -> pl.Series:
    """Values as the type that training had; null where they are no such values."""
    if values.dtype == dtype:
        return values
    if dtype == pl.String:
        return _as_text(values, categories)
    if values.dtype == pl.String:
        return _from_text(values.str.strip_chars(), dtype)
    if dtype == pl.Boolean:  # 0 and 1 only: a cast makes all other numbers true
        return values.cast(pl.Float64).replace_strict([0.0, 1.0], [False, True], default=None, return_dtype=pl.Boolean)
    if values.dtype == pl.Float64 and dtype == pl.Int64:
        return values.set((values != values.floor()).fill_null(True), None).cast(pl.Int64, strict=False)
    return values.cast(dtype, strict=False)


def _as_text(values: pl.Series, categories: Sequence[str]) -> pl.Series:
    if values.dtype == pl.Float64:  # a frame with gaps holds whole numbers as floats
        whole = ((values == values.floor()) & (values.abs() <= _EXACT)).fill_null(False)
        text = values.cast(pl.String)
        known = text.is_in(pl.Series(categories, dtype=pl.String))
        return text.zip_with(known | ~whole, values.set(~whole, None).cast(pl.Int64).cast(pl.String))
    text = values.cast(pl.String)
    if values.dtype == pl.Boolean and not text.is_in(pl.Series(categories, dtype=pl.String)).any():
        for spelled in (text.str.to_titlecase(), text.str.to_uppercase()):
            if spelled.is_in(pl.Series(categories, dtype=pl.String)).any():
                return spelled
    return text


def _from_text(text: pl.Series, dtype: Any) -> pl.Series:
    if dtype == pl.Boolean:
        wanted = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
        return text.str.to_lowercase().replace_strict(wanted, default=None, return_dtype=pl.Boolean)
    if dtype == pl.Int64:
        whole = text.set(~text.str.contains(_INTEGER).fill_null(False), None)
        return whole.str.replace(r"\.0*$", "").str.strip_prefix("+").cast(pl.Int64, strict=False)
    numbers = text.set(
        text.str.contains(_LEADING_ZERO).fill_null(False) & ~text.str.contains(".", literal=True).fill_null(False), None
    )
    return numbers.cast(pl.Float64, strict=False)
