"""Columns of text whose every value is a plain number, as databases export them and pandas keeps them (``object``).

**What it does.** Makes numbers of those that would be learnt as numbers, had they been written in a CSV, and says so. Codes with
zeros before them (``01234``), few whole numbers and those under the name of an identifier stay text: they are categories or
classes in any case. New rows need nothing of it: texts are read as numbers wherever training had numbers.

**When to use it.** Where a table becomes arrays; the option ``categorical``, and ``kind=class`` for a target, leave a column
as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from ..files.csv_numbers import MINUS
from ..files.quoting import quoted
from .column_roles import infer_role
from .date_texts import dates_as_text
from .table_config import TableConfig
from .unit_columns import may_have_unit

_PLAIN = rf"^[-+{MINUS}]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$"
_CODE = r"\d{19}"  # beyond 64 bits, which are codes in a CSV, too
_WHOLE = rf"^[-+{MINUS}]?\d+$"
_FIRST = 1000  # rows; most columns of text are told by them


def read_numeric_text(
    frame: pl.LazyFrame, column: Callable[[str], pl.Series], config: TableConfig, where: object
) -> tuple[pl.LazyFrame, list[str]]:
    """Make numbers of a table's columns of text that hold plain numbers.

    Args:
        frame: The table.
        column: Reads one of its columns.
        config: Says which columns may be numbers.
        where: The table, for messages.

    Returns:
        The table, and a sentence on each such column.
    """
    notes = []
    for name, dtype in frame.collect_schema().items():
        is_target = name == config.target
        told = name in config.continuous or (is_target and config.kind == "number")  # texts are read as numbers there anyway
        if dtype != pl.String or told or not may_have_unit(name, config):
            continue
        kind = number_type(column(name), is_target)
        if kind is None:
            continue
        frame = frame.with_columns(pl.col(name).str.replace(MINUS, "-", literal=True).str.strip_prefix("+").cast(kind))
        what, advice = (
            (f"the target {quoted(name)}", "kind=class takes it for classes")
            if is_target
            else (f"column {quoted(name)}", "the option categorical leaves it as it is written")
        )
        notes.append(f"{where}: {what} holds numbers as text and is read as numbers; {advice}.")
    return frame, notes


def number_type(values: pl.Series, is_target: bool = False) -> type[pl.Int64] | type[pl.Float64] | None:
    """The type of number that a column of text holds, or ``None``: it is to stay text.

    Args:
        values: The whole column.
        is_target: Whether it is to be predicted: other than an input, it may number the rows.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.numeric_text import number_type
        >>> number_type(pl.Series(["-1.16", "2"])), number_type(pl.Series(["01234", "10115"]))
        (Float64, None)
    """
    present = values.drop_nulls()
    for texts in (present.head(_FIRST), present):
        if not len(texts) or not texts.str.contains(_PLAIN).all() or texts.str.contains(_CODE).any():
            return None
    kind: type[pl.Int64] | type[pl.Float64] = pl.Int64 if present.str.contains(_WHOLE).all() else pl.Float64
    numbers = values.str.replace(MINUS, "-", literal=True).str.strip_prefix("+").cast(kind)
    role = infer_role(numbers).role
    if numbers.drop_nulls().n_unique() < 2 or dates_as_text(present, values.name):
        return None
    return kind if role == "continuous" or (is_target and role != "categorical") else None
