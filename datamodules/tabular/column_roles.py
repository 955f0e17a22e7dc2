"""Infer which columns of a table are categorical, which are continuous and which carry no information.

**What it does.** Strings and booleans are categorical; decimal numbers are continuous; integers with few distinct values, or with
a name like that of an identifier, are categorical; so are whole numbers written as decimals, as pandas writes integers beside a
gap (``1.0``). Constant columns, strings with another value in every row, and integers that number the rows are ignored: pandas
and R write the number of a row beside it, and in a table that is sorted by its target that number tells the answer. Each decision
comes with its reason.

**When to use it.** With ``columns=auto`` (default), for columns not listed in ``categorical`` or ``continuous``.

**Defaults.** Integers of up to 20 distinct values are categorical.

**Source.** The threshold is fast.ai's ``cont_cat_split``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

import polars as pl

_FILES = 3  # train, valid and test
_EXACT = 2.0**53  # whole numbers up to here are what they say they are when they are held as floats
_FIRST = 1000  # rows; most columns of decimal numbers are told by them
ONE_VALUE = "one value in all rows"
MAX_CATEGORIES = 20  # distinct integers up to which a column is categorical
_IDENTIFIER = re.compile(
    r"(^|[_\s.])(id|code|zip|postcode|store|shop|user|item|customer|product|number|no|nr)$|Id$|ID$", re.IGNORECASE
)
# What pandas, polars, R and spreadsheets call a column that had no name, or the one of row numbers.
_ROW_NUMBER = re.compile(
    r"(unnamed: ?\d+|_?duplicated_\d+|index|(row|obs|line)[_ .]?(names?|id|index|number|nr|no)?|#)?", re.IGNORECASE
)
NUMBERS_ROWS = "numbers the rows"

Role = Literal["categorical", "continuous", "date", "target", "weight", "ignored"]


class ColumnRole(NamedTuple):
    """The role of a column, and the reason for it."""

    column: str
    role: Role
    reason: str


def infer_role(values: pl.Series) -> ColumnRole:
    """Infer the role of a column from its name, type and values.

    Args:
        values: The whole column.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.column_roles import infer_role
        >>> infer_role(pl.Series("kind", ["book", "film", "book"]))
        ColumnRole(column='kind', role='categorical', reason='strings, 2 distinct')
    """
    values = whole_as_integers(values.to_frame().lazy()).collect().to_series()
    name, dtype = values.name, values.dtype
    if dtype.is_nested() or dtype in (pl.Binary, pl.Object):
        return ColumnRole(name, "ignored", f"{dtype}: no single numbers or texts")
    distinct, present = values.n_unique() - bool(values.null_count()), len(values) - values.null_count()
    if distinct <= 1:
        return ColumnRole(name, "ignored", ONE_VALUE if distinct else "empty")
    if dtype == pl.Boolean:
        return ColumnRole(name, "categorical", "true or false")
    if dtype in (pl.Time, pl.Duration):
        return ColumnRole(name, "ignored", "a time; written as a number it is learnt from")
    if dtype.is_temporal():
        return ColumnRole(name, "ignored", "a second date; the option date names the one whose parts are used")
    if dtype.is_float():
        return ColumnRole(name, "continuous", "decimal numbers")
    if dtype.is_integer():
        if distinct <= MAX_CATEGORIES:
            return ColumnRole(name, "categorical", f"integers, {distinct} distinct")
        if numbers_rows(values):
            return ColumnRole(name, "ignored", NUMBERS_ROWS)
        if distinct == present and present > MAX_CATEGORIES and _IDENTIFIER.search(name):
            return ColumnRole(name, "ignored", "another value in every row")
        if _IDENTIFIER.search(name) and distinct <= present / 2:
            return ColumnRole(name, "categorical", f"integers named like an identifier, {distinct:,} distinct")
        return ColumnRole(name, "continuous", f"integers, {distinct:,} distinct")
    if distinct == present and present > MAX_CATEGORIES:
        return ColumnRole(name, "ignored", "another string in every row")
    return ColumnRole(name, "categorical", f"strings, {distinct:,} distinct")


def whole_as_integers(frame: pl.LazyFrame, but: Collection[str | None] = ()) -> pl.LazyFrame:
    """Make integers of the columns of floats that hold whole numbers only: one gap makes floats of integers, in pandas and in R.

    One that rises by 1 from row to row stays: a time or a place, where integers would number the rows.

    Args:
        frame: The table.
        but: Columns that stay what they are.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.column_roles import whole_as_integers
        >>> whole_as_integers(pl.LazyFrame({"churn": [1.0, None], "price": [1.0, 2.5]})).collect().rows()
        [(1, 1.0), (None, 2.5)]
    """
    floats = [name for name, dtype in frame.collect_schema().items() if dtype.is_float() and name not in but]
    whole = _only_whole(frame, _only_whole(frame.head(_FIRST), floats, empty=True))
    return frame.with_columns(pl.col(name).fill_nan(None).cast(pl.Int64) for name in whole) if whole else frame


def _only_whole(frame: pl.LazyFrame, names: Sequence[str], empty: bool = False) -> list[str]:
    """Those columns of floats that have whole numbers only; ``empty``: also those that have no value."""
    given = {name: pl.col(name).fill_nan(None) for name in names}
    tests = [
        ((each == each.floor()) & (each.abs() <= _EXACT)).all()
        & (pl.lit(empty) | (each.count() > 0) & ((each.diff() != 1).any() | (each.count() <= MAX_CATEGORIES)))
        for each in given.values()
    ]
    found = frame.select(test.alias(str(place)) for place, test in enumerate(tests)).collect().row(0) if tests else ()
    return [name for name, each in zip(names, found, strict=True) if each]


def named_like_an_identifier(name: str) -> bool:
    """Whether a column is called like one of ids, such as ``patient_id``, ``ID`` or ``zip``."""
    return _IDENTIFIER.search(name) is not None


def numbers_rows(values: pl.Series) -> bool:
    """Whether integers number the rows: 0, 1, 2 ... or 1, 2, 3 ...; under a name for that in each file anew, or all different.

    Args:
        values: The whole column, in the order of the rows.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.column_roles import numbers_rows
        >>> numbers_rows(pl.Series("", range(100))), numbers_rows(pl.Series("age", [40, 41, 42]))
        (True, False)
    """
    if len(values) <= MAX_CATEGORIES or values.null_count() or not values.dtype.is_integer():
        return False
    named = _ROW_NUMBER.fullmatch(values.name) is not None
    if named and values.n_unique() == len(values):
        return True
    jumps = values.cast(pl.Int64, strict=False).diff()[1:] != 1
    starts = pl.concat([values[:1], values[1:].filter(jumps)])
    return len(starts) <= (_FILES if named else 1) and starts.is_in([0, 1]).all()


def is_mostly_numeric(values: pl.Series) -> bool:
    """Whether all but at most 2 % of a column's strings are numbers: a mistake in the file rather than names."""
    if values.dtype != pl.String:
        return False
    present = values.drop_nulls()
    numbers = present.str.strip_chars().cast(pl.Float64, strict=False).is_not_null().sum()
    return len(present) > MAX_CATEGORIES and 0.98 * len(present) <= numbers < len(present)
