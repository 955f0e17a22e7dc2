"""What new rows hold and training did not: numbers far outside of its range, gaps, another value where all rows had one."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ..files.quoting import plain, quoted
from .continuous import ContinuousColumn
from .readers import as_number

_MANY = 0.1  # share of rows beyond the range from which on it is said, however near they are


def unlike_training(values: pl.Series, fitted: ContinuousColumn, where: object) -> list[str]:
    """Say what a column of new rows holds that training knew nothing of.

    A few values a little beyond the range are what any new data have. Said is what lies farther away than the range is wide, or
    more than a tenth of the rows beyond it: another unit, a decimal sign, a later time.

    Args:
        values: The column of the new rows.
        fitted: What training knows of it.
        where: The rows, for the message.

    Returns:
        Sentences.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.continuous import ContinuousColumn
        >>> from practicum.datamodules.tabular.unlike_training import unlike_training
        >>> weight = ContinuousColumn(2.0, 2.0, 1.0, has_missing=False, low=0.5, high=4.0)
        >>> unlike_training(pl.Series("weight", [1500.0, 2.0]), weight, "new.csv")
        ["new.csv: 1 of 2 rows have a weight outside of training's 0.5 to 4 (1500); it counts as the nearest of these."]
    """
    numbers, rows, name = as_number(values, where), len(values), plain(values.name)
    notes = []
    beyond = (numbers < fitted.low) | (numbers > fitted.high)
    width = fitted.high - fitted.low
    far = numbers.filter((numbers < fitted.low - width) | (numbers > fitted.high + width))
    outside = numbers.filter(beyond)
    if len(far) or len(outside) > max(1, _MANY * rows):
        example = (far if len(far) else outside)[0]
        notes.append(
            f"{where}: {len(outside):,} of {rows:,} rows have a {name} outside of training's {fitted.low:g} to {fitted.high:g} "
            f"({example:g}); it counts as the nearest of these."
        )
    gaps = values.fill_nan(None).null_count() if values.dtype.is_float() else values.null_count()
    if gaps and not fitted.has_missing:
        notes.append(
            f"{where}: {gaps:,} of {rows:,} rows have no {name}, which no training row lacked; it counts as training's median, "
            f"{fitted.median:g}."
        )
    return notes


def changed_constants(frame: pl.DataFrame, constants: Mapping[str, str], where: object) -> list[str]:
    """Say which columns vary that had one value in all of training's rows, and were left out for that.

    Args:
        frame: The new rows.
        constants: By column the value that training's rows had.
        where: The rows, for the message.

    Returns:
        Sentences.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.unlike_training import changed_constants
        >>> rows = pl.DataFrame({"land": ["DE", "FR"], "year": [2026.0, 2026.0]})
        >>> changed_constants(rows, {"land": "DE", "year": "2026"}, "new")
        ["new: 1 of 2 rows have another land than 'DE', which all training rows had ('FR'); nothing is known of what it changes."]
    """
    notes = []
    for name, only in constants.items():
        if name not in frame.columns:
            continue
        text = frame[name].cast(pl.String)
        numbers = text.cast(pl.Float64, strict=False)
        number = pl.Series([only]).cast(pl.Float64, strict=False)[0]
        same = (text == only) | (numbers.eq_missing(number) if number is not None else False)
        other = text.filter(text.is_not_null() & ~same)
        if len(other):
            notes.append(
                f"{where}: {len(other):,} of {len(frame):,} rows have another {plain(name)} than {quoted(only)}, which all "
                f"training rows had ({quoted(other[0])}); nothing is known of what it changes."
            )
    return notes
