"""Which columns of a table are categories, which numbers, and which tell nothing: guessed, with the reason for each.

**What it does.** Texts and truth values are categories; decimal numbers are numbers; whole numbers of few values, or whose name
says that they name something, are categories. Columns of one value, or of another value in every row, are left out.

**When to use it.** ``data.columns=auto``, the default, for the columns that ``data.categorical`` and ``data.continuous`` don't
name.

**Defaults.** Whole numbers of up to 20 values are categories.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import polars as pl

FEW = 20  # values of a whole number up to which it is a category (fast.ai's cont_cat_split)
_NAMES = re.compile(
    r"(^|[_\s.])(id|code|zip|postcode|store|shop|user|item|customer|product|number|no|nr)$|Id$|ID$", re.IGNORECASE
)

Role = Literal["categorical", "continuous", "date", "target", "left out"]


class Guess(NamedTuple):
    """What a column is taken for, and why."""

    column: str
    role: Role
    why: str


def guess_role(values: pl.Series) -> Guess:
    """What a column is taken for.

    Args:
        values: The whole column.
    """
    name, dtype = values.name, values.dtype
    distinct, there = values.n_unique() - bool(values.null_count()), len(values) - values.null_count()
    if distinct <= 1:
        return Guess(name, "left out", "one value in all rows" if distinct else "empty")
    if dtype == pl.Boolean:
        return Guess(name, "categorical", "true or false")
    if dtype.is_temporal():
        return Guess(name, "left out", "a second date; data.date names the one whose parts are used")
    if dtype.is_float():
        return Guess(name, "continuous", "decimal numbers")
    if dtype.is_integer():
        if distinct <= FEW:
            return Guess(name, "categorical", f"whole numbers of {distinct} values")
        if distinct == there and there > FEW and _NAMES.search(name):
            return Guess(name, "left out", "another value in every row")
        if _NAMES.search(name) and distinct <= there / 2:
            return Guess(name, "categorical", f"whole numbers whose name says that they name something, {distinct:,} of them")
        return Guess(name, "continuous", f"whole numbers of {distinct:,} values")
    if distinct == there and there > FEW:
        return Guess(name, "left out", "another text in every row")
    return Guess(name, "categorical", f"texts of {distinct:,} values")


def nearly_numbers(values: pl.Series) -> bool:
    """Whether a column of texts is one of numbers but for a few rows: a mistake in the file, rather than names."""
    if values.dtype != pl.String:
        return False
    there = values.drop_nulls()
    numbers = there.str.strip_chars().cast(pl.Float64, strict=False).is_not_null().sum()
    return len(there) > FEW and 0.98 * len(there) <= numbers < len(there)
