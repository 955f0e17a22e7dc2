"""The column of dates that nobody named: found, so that a new month is not an unknown word.

**What it does.** Where the option ``date`` is not set and exactly one column that is free to be inferred holds dates, its parts
are learnt from, as if it had been named; rows are split as they would be without it. Read as text, each new date would be an
unknown category: on avocado prices by date the error is 1.24 of LightGBM's so, and 1.15 with the date's parts.

**When to use it.** With roles that are inferred (``columns=auto``). With several such columns none is taken: each gets a sentence
(:func:`.strange_text`) instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import quoted
from .column_roles import MAX_CATEGORIES
from .date_formats import find_format, looks_like_dates
from .date_parts import part_names
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
    """
    if config.date is not None or not config.date_parts or not config.infer_roles or config.strategy == "time":
        return config, []
    free = [name for name in names if name not in (*config.columns, *config.ignore)]
    found = [name for name in free if _is_date(column(name), where)]
    if len(found) != 1 or part_names(found[0]) & {*names}:
        return config, []
    strategy = config.strategy if config.strategy != "auto" else "group" if config.group is not None else "random"
    told = replace(config, date=found[0], strategy=strategy)
    split = "" if config.split_column else f"; date={found[0]} would also validate on the newest rows"
    return told, [f"{where}: column {quoted(found[0])} holds dates, whose parts are learnt from{split}."]


def _is_date(values: pl.Series, where: object) -> bool:
    """Whether a column is dates throughout: by its type, or by more texts in one format than a category would have."""
    if values.dtype in (pl.Date, pl.Datetime):
        return values.n_unique() > 1 + bool(values.null_count())
    if values.dtype != pl.String or values.n_unique() <= MAX_CATEGORIES or not looks_like_dates(values):
        return False
    try:
        find_format(values, where)
    except MisconfigurationException:  # not all of them are: it stays a column of text
        return False
    return True
