"""Columns of texts that are dates for the most part: one wrong date is named, and so are two formats in one column.

**What it does.** A column of texts is one of dates if all of them have one format. If all but at most 2 % have it, the others are
mistakes, as words are among numbers: :func:`refuse_odd_dates` names the first. If fewer have it, the column is read as text, and
:func:`dates_as_text` says why.

**When to use it.** With columns that nobody named, see :mod:`.date_column` and :func:`.strange_text`.
"""

from __future__ import annotations

from typing import NamedTuple, NoReturn

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import quoted
from .date_formats import formats_of
from .date_reading import has_shape, read_dates

_FIRST, _SAMPLE = 10_000, 200  # rows of which the first distinct values propose formats
_MOSTLY = 0.98  # share of dates from which on a column's other texts are mistakes, as for numbers


class DatesIn(NamedTuple):
    """How many texts of a column are dates.

    Attributes:
        text: The texts, without blanks around them.
        form: The format that most have.
        read: Which have it.
        form2: The format that most of the others have, or ``None``.
        read2: Which of them have it.
    """

    text: pl.Series
    form: str
    read: pl.Series
    form2: str | None
    read2: pl.Series

    @property
    def present(self) -> int:
        """Number of texts."""
        return len(self.text) - self.text.null_count()

    @property
    def are_all(self) -> bool:
        """Whether all texts have the first format."""
        return int(self.read.sum()) == self.present

    @property
    def are_most(self) -> bool:
        """Whether all but at most 2 % have the first format, and the others are no sign of another meaning, such as versions."""
        odd = self.text.filter(~self.read).drop_nulls()
        sure = "%Y" in self.form or not has_shape(odd, self.form).any()
        return len(odd) > 0 and int(self.read.sum()) >= _MOSTLY * self.present and sure


def dates_in(values: pl.Series) -> DatesIn | None:
    """Find the two formats of dates that most texts of a column have; ``None`` if none has one."""
    text = values.str.strip_chars()
    sample = text.drop_nulls().head(_FIRST).unique(maintain_order=True).head(_SAMPLE).to_list()
    read = {form: read_dates(text, form).is_not_null() for form in formats_of(sample)}
    if not any(each.any() for each in read.values()):
        return None
    form = max(read, key=lambda each: int(read[each].sum()))
    first = read.pop(form)
    rest = {each: found & ~first for each, found in read.items()}
    form2 = max(rest, key=lambda each: int(rest[each].sum()), default=None)
    none = form2 is None or not rest[form2].any()
    return DatesIn(text, form, first, None if none else form2, first & ~first if form2 is None else rest[form2])


def refuse_odd_dates(values: pl.Series, found: DatesIn, where: object) -> NoReturn:
    """Name the first text of a column that is no date among dates.

    Args:
        values: The whole column.
        found: What :func:`dates_in` found in it.
        where: The table, for the message.

    Raises:
        MisconfigurationException: Always.
    """
    odd = (~found.read & found.text.is_not_null()).arg_true()
    more = f" (and {len(odd) - 1:,} more rows)" if len(odd) > 1 else ""
    raise MisconfigurationException(
        f"{where}: column {quoted(values.name)} should be a date: {found.read.sum():,} of {found.present:,} values read as "
        f"{found.form}, but row {odd[0] + 1:,} holds {quoted(values[odd[0]])}{more}; correct it, leave it blank, name it in "
        "csv_format.na_values, or name the column in the option categorical."
    )


def dates_as_text(values: pl.Series, where: object) -> str | None:
    """Say why a column that looks like dates is read as text; ``None`` if it doesn't.

    Args:
        values: The whole column, of strings.
        where: The table, for the message.
    """
    found = dates_in(values)
    if found is None or 2 * int((found.read | found.read2).sum()) < found.present:
        return None
    name = f"{where}: column {quoted(values.name)}"
    example = quoted(values[int(found.read.arg_true()[0])])
    if found.are_all:
        return (
            f"{name} looks like dates ({example}) and is read as text; name it in the option date to split by it and to learn "
            "from its month, week ..."
        )
    if found.form2 is not None and int(found.read2.sum()) > (1 - _MOSTLY) * found.present:
        row, row2 = (int(each.arg_true()[0]) for each in (found.read, found.read2))
        return (
            f"{name} holds dates in more than one format, as {example} ({found.form}) in row {row + 1:,} and "
            f"{quoted(values[row2])} ({found.form2}) in row {row2 + 1:,}, and is read as text; write all of them in one, "
            "preferably 2026-01-31."
        )
    row = int((~found.read & found.text.is_not_null()).arg_true()[0])
    return (
        f"{name} looks like dates ({example}) in {found.read.sum():,} of {found.present:,} values, and is read as text "
        f"because of the others, as {quoted(values[row])} in row {row + 1:,}; correct these, leave them blank, or name them in "
        "csv_format.na_values."
    )
