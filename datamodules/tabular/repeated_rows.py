"""Rows that repeat another: copies in two splits make a result better than it would be on new rows.

They stay where they are, as a table may hold them rightly; how many there are is said, and how many leaked is recorded.

**Source.** Kaufman et al. 2012, "Leakage in data mining".
"""

from __future__ import annotations

import polars as pl

from .splits import SPLITS, Labels


def repeated_rows(
    frame: pl.LazyFrame, labels: Labels, where: object, split_column: str | None
) -> tuple[list[str], dict[str, int]]:
    """Count the rows that repeat another in every column.

    Args:
        frame: The table.
        labels: Split of each row ``[rows]``, see :mod:`.splits`.
        where: The table's origin, for the sentence.
        split_column: A column that names the split, which says nothing of a row; ``None``: there is none.

    Returns:
        A sentence, or none; and by split (``valid``, ``test``) how many rows are in training or, of ``test``, in ``valid``.
    """
    columns = pl.all() if split_column is None else pl.exclude(split_column)
    rows = frame.select(pl.struct(columns).hash()).collect().to_series()
    if not (repeated := len(rows) - rows.n_unique()):
        return [], {}
    leaked = {}
    for number in (1, 2):
        known, own = (rows.filter(pl.Series(part)) for part in (labels < number, labels == number))
        if count := int(own.is_in(known.unique().implode()).sum()):
            leaked[SPLITS[number]] = count
    both = f" ({sum(leaked.values()):,} rows that validate or test are in another split, too)" if leaked else ""
    return [
        f"{where}: {repeated:,} of {len(rows):,} rows repeat another in every column{both}; if that is a mistake, remove them."
    ], leaked
