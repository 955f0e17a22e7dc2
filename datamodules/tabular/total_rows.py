"""A total below the rows, as spreadsheets have it: a network would learn from it as from any other row.

It stays where it is, as a row may hold such numbers rightly; it is said.
"""

from __future__ import annotations

import math

import polars as pl

from ..files.quoting import listed

_LAST = 3  # rows that may be one: remarks may follow it
_NUMBERS = 10  # other than 0 above it; of three numbers the last is easily the sum of the others
_CLOSE = 1e-6  # relative: a sheet may show rounded numbers


def total_rows(frame: pl.LazyFrame, where: object) -> list[str]:
    """Say which of the last rows holds the sums of all rows above it.

    A sum counts only of ten numbers other than zero, each less than it: in a column of mostly zeros it may be one by chance.

    Args:
        frame: The table.
        where: Its origin, for the sentence.

    Returns:
        A sentence, or none.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.total_rows import total_rows
        >>> sold = [*range(1, 21), 210]
        >>> total_rows(pl.LazyFrame({"shop": ["A"] * 20 + ["all"], "sold": sold}), "t.csv")
        ['t.csv: row 21 holds the sum of all rows above it in the column sold; if it is a total, remove it.']
    """
    names = [name for name, dtype in frame.collect_schema().items() if dtype.is_numeric()]
    above = frame.select(pl.len()).collect().item() - _LAST
    if not names or above < _NUMBERS - _LAST:
        return []
    numbers = frame.select(pl.col(name).cast(pl.Float64).fill_nan(None) for name in names)
    rows = numbers.head(above)
    sums = rows.select(pl.all().sum()).collect().row(0, named=True)
    highest = rows.select(pl.all().abs().max().fill_null(0.0)).collect().row(0, named=True)
    counts = rows.select((pl.all() != 0).sum()).collect().row(0, named=True)
    for number, row in enumerate(numbers.slice(above).collect().to_dicts(), above + 1):
        given = {name: value for name, value in row.items() if value is not None}
        found = [
            name
            for name, value in given.items()
            if counts[name] >= _NUMBERS and abs(value) > highest[name] and math.isclose(value, sums[name], rel_tol=_CLOSE)
        ]
        if found:
            columns = "the columns" if found[1:] else "the column"
            return [
                f"{where}: row {number:,} holds the sum of all rows above it in {columns} {listed(found, 4)}; if it is a total, "
                "remove it."
            ]
        for name, value in given.items():
            sums[name] += value
            highest[name] = max(highest[name], abs(value))
            counts[name] += value != 0
    return []
