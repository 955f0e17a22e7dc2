"""Strings of a frame as a file would have them, and columns of a file as they will be written again.

**When to use it.** :func:`clean_text` where a frame is read for training, so that a file of the same rows at prediction has the
same categories. :func:`as_written` for new rows: their types come from ``steps.json``, never from themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from ..files.csv_format import check_csv_format, missing_marks
from ..files.csv_numbers import without_marks

_SAME_WHOLE = r"^(?:0|-?[1-9]\d{0,17})$"  # texts that come back when the number is written again
_SAME_DECIMAL = r"^-?(?:[1-9]\d*|0)\.(?:0|\d*[1-9])$"
_TOO_SMALL = r"^-?0\.0000"  # written as 1e-05
_DIGITS = 15  # up to which a decimal number comes back


def clean_text(frame: pl.LazyFrame, told: Mapping[str, Any] | None = None) -> pl.LazyFrame:
    """Make the columns of a frame what they would be in a file.

    Strings lose blanks around them, and are null where they are what people write for a missing value; so is NaN. Decimals, as
    databases export prices, become usual numbers.

    Args:
        frame: The frame.
        told: The option ``csv_format``: its ``na_values`` are missing in a frame, too, numbers by their value.
    """
    marks = {key: value for key, value in check_csv_format(told).items() if key in ("na_values", "keep_default_na")}
    missing = missing_marks(**marks)
    schema = frame.collect_schema()
    columns = [(pl.col(name), dtype) for name, dtype in schema.items()]
    stripped = [each.str.strip_chars() for each, dtype in columns if dtype == pl.String]
    clean = frame.with_columns(
        *(pl.when(~each.is_in(missing)).then(each) for each in stripped),
        *(
            pl.when(~each.cast(pl.String).str.strip_chars().is_in(missing)).then(each)
            for each, dtype in columns
            if isinstance(dtype, pl.Categorical | pl.Enum)
        ),
        *(each.fill_nan(None) for each, dtype in columns if dtype.is_float()),
        *(each.cast(pl.Float64 if dtype.scale else pl.Int64) for each, dtype in columns if isinstance(dtype, pl.Decimal)),
    )
    return without_marks(clean, marks.get("na_values", ()))


def as_written(text: pl.DataFrame) -> pl.DataFrame:
    """Make numbers and booleans of the columns of strings that are written again exactly as they are; others stay strings.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.column_types import as_written
        >>> as_written(pl.DataFrame({"zip": ["01234"], "count": ["12"], "x": ["0.50"]})).row(0)
        ('01234', 12, '0.50')
    """
    return pl.DataFrame([_as_written(column) for column in text.get_columns()])


def _as_written(column: pl.Series) -> pl.Series:
    if column.dtype != pl.String or column.null_count() == len(column):
        return column
    if column.str.contains(_SAME_WHOLE).all():
        return column.cast(pl.Int64)
    short = (column.str.len_chars() <= _DIGITS).all() and not column.str.contains(_TOO_SMALL).any()
    if short and column.str.contains(_SAME_DECIMAL).all():
        return column.cast(pl.Float64)
    return column == "True" if column.is_in(["True", "False"]).all() else column
