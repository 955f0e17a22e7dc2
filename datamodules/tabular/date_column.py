"""The column of dates that nobody named: found, so that a new month is not an unknown word.

**What it does.** Where the option ``date`` is not set and exactly one column that is free to be inferred holds dates, its parts
are learnt from, as if it had been named; rows are split as they would be without it. Read as text, each new date would be an
unknown category: on avocado prices by date the error is 1.24 of LightGBM's so, and 1.15 with the date's parts. A word in up to
2 % of its rows is refused, as among numbers.

**When to use it.** With roles that are inferred (``columns=auto``). With several such columns none is taken: each gets a sentence
(:func:`.strange_text`) instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

import polars as pl

from ..files.quoting import quoted
from .column_roles import MAX_CATEGORIES
from .date_parts import part_names
from .date_texts import DatesIn, dates_in, refuse_odd_dates
from .table_config import TableConfig


def with_date_column(
    column: Callable[[str], pl.Series], names: Sequence[str], config: TableConfig, where: object
) -> tuple[TableConfig, list[str]]:
    """Return the configuration with the only column of dates as its ``date``, and a sentence that says so.

    Args:
        column: Reads a column.
        names: Of all columns.
        config: Unchanged where it has a date, or roles are not inferred.
        where: The table, for messages.

    Raises:
        MisconfigurationException: All but a few texts of the only such column are dates.
    """
    if config.date is not None or not config.date_parts or not config.infer_roles or config.strategy == "time":
        return config, []
    free = [name for name in names if name not in (*config.columns, *config.ignore)]
    dates = {name: each for name in free if (each := dates_of(column(name))) is not None}
    found = [name for name, each in dates.items() if each is True or each.are_all] or [*dates]
    if len(found) != 1 or part_names(found[0]) & {*names}:
        return config, []
    if (odd := dates[found[0]]) is not True and not odd.are_all:
        refuse_odd_dates(column(found[0]), odd, where)
    strategy = config.strategy if config.strategy != "auto" else "group" if config.group is not None else "random"
    told = replace(config, date=found[0], strategy=strategy)
    split = "" if config.split_column else f"; date={found[0]} would also validate on the newest rows"
    return told, [f"{where}: column {quoted(found[0])} holds dates, whose parts are learnt from{split}."]


def dates_of(values: pl.Series) -> DatesIn | Literal[True] | None:
    """What of a column is dates: all by its type (true), or all or most of more texts than a category has; else ``None``."""
    if values.dtype in (pl.Date, pl.Datetime):
        return True if values.n_unique() > 1 + bool(values.null_count()) else None
    if values.dtype != pl.String or values.n_unique() <= MAX_CATEGORIES:
        return None
    found = dates_in(values)
    return found if found is not None and (found.are_all or found.are_most) else None
