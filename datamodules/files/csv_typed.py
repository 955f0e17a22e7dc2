"""Columns of numbers among strings: found, and read by the decimal sign that each of them has.

**What it does.** A table has one decimal sign, but some column of it may have the other: one sensor's export beside another's.
Where all values of a column fit that one, the column is read by it, and the format keeps it, as a new row alone may not tell:
``1,304`` below ``0,126`` is 1.304, and by itself may be 1304 as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from .csv_numbers import MAYBE_THOUSANDS, MISSING, as_plain_number
from .quoting import quoted
from .say_once import say_once

_MOSTLY = 0.98  # share of numbers from which on a column's other strings are mistakes, as for the roles of columns
_FIRST = 1000  # rows


def with_other_sign(text: pl.Expr, decimal: str) -> pl.Expr:
    """Rewrite numbers with the other decimal sign than a table's, if that can be no sign between thousands; the rest is null."""
    other = "," if decimal == "." else "."
    return pl.when(~text.str.contains(MAYBE_THOUSANDS)).then(as_plain_number(text, other, None))


def column_signs(
    clean: pl.DataFrame, names: Sequence[str], decimals: Mapping[str, str], form: tuple[str, str | None]
) -> dict[str, tuple[str, str | None]]:
    """Decimal and thousands sign of each column of new rows: training's, unless more cells can only be read by the file's.

    Args:
        clean: The rows, as strings.
        names: Columns of numbers.
        decimals: Decimal signs of those that differed in training.
        form: Decimal sign, and thousands sign or ``None``, of the file.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.files.csv_typed import column_signs
        >>> rows = pl.DataFrame({"a": ["1,304"], "b": ["0.5"], "c": ["1,304"]})
        >>> column_signs(rows, ["a", "b", "c"], {"a": ",", "b": ","}, (".", ","))
        {'a': (',', None), 'b': ('.', ','), 'c': ('.', ',')}
    """
    signs = dict.fromkeys(names, form)
    for name in (name for name in names if name in decimals):
        own, its = (as_plain_number(pl.col(name), *each).is_not_null() for each in ((decimals[name], None), form))
        mine, others = clean.select(mine=(own & ~its).sum(), others=(its & ~own).sum()).row(0)
        if mine >= others:
            signs[name] = (decimals[name], None)
    return signs


def odd_signs(path: object, name: str, cell: str, line: int, more: int, decimal: str) -> str:
    """Say that cells of a column have another decimal sign than the others.

    Args:
        path: The file.
        name: The column.
        cell: The first such cell.
        line: Its line.
        more: How many there are besides.
        decimal: The sign of the others.
    """
    others = f" (and {more:,} more cells)" if more else ""
    return (
        f"{path}, line {line:,}: column {quoted(name)} holds {quoted(cell)}{others} in place of {quoted(_swap(cell))}, while the "
        f"decimal sign is {decimal!r}; it is read as {cell.replace(',', '.')}: correct the file if that is wrong."
    )


def _swap(cell: str) -> str:
    return cell.translate(str.maketrans(",.", ".,"))


def typed(
    frame: pl.LazyFrame,
    strings: Sequence[str],
    kept: Sequence[str],
    form: tuple[str, str | None],
    blanks: bool,
    path: object,
    lines: Sequence[int] | np.ndarray[Any, np.dtype[np.int64]],
    missing: Sequence[str] = MISSING,
    decimals: dict[str, str] | None = None,
) -> pl.LazyFrame:
    """Remove blanks and marks of missing values from strings, and turn columns of numbers or booleans into such.

    A column of numbers with the other decimal sign is read with that one, and one with both by each value's own; both is said
    once. What is known of a column decides where its values don't, as where each of them is like ``1,304``.

    Args:
        frame: The table.
        strings: Its columns of strings.
        kept: Those that stay strings.
        form: Decimal sign, and thousands sign or ``None``.
        blanks: Whether some fields may have blanks around them, or marks of missing values.
        path: The file, for messages.
        lines: The line of each row, for messages.
        missing: What stands for a missing value.
        decimals: Decimal signs by column that are known to differ; those that are found are added.
    """
    decimals = {} if decimals is None else decimals
    decimal, thousands = form
    other = "," if decimal == "." else "."
    bare = {name: pl.col(name).str.strip_chars() for name in strings}
    clean = {name: pl.when(~bare[name].is_in(list(missing))).then(bare[name]) for name in strings}
    numbers = {name: as_plain_number(clean[name], decimal, thousands) for name in strings}
    others = {name: as_plain_number(clean[name], decimals.get(name, other), None) for name in strings}
    mixed = {name: pl.coalesce(numbers[name], with_other_sign(clean[name], decimal)) for name in strings}
    truths = {name: clean[name].str.to_lowercase().is_in(["true", "false"]) for name in strings}

    def fits(names: Sequence[str], rows: pl.LazyFrame) -> dict[str, tuple[bool, ...]]:
        """Whether all values are numbers, numbers with the other decimal sign, with either, or truth values."""
        if not names:
            return {}
        tests = [
            (~test.fill_null(True)).any().not_().alias(f"{i} {kind}")
            for i, name in enumerate(names)
            for kind, test in enumerate(
                each.is_not_null() | clean[name].is_null() if kind < 3 else each
                for kind, each in enumerate((numbers[name], others[name], mixed[name], truths[name]))
            )
        ]
        found = rows.select(tests).collect().row(0)
        return {name: found[4 * i : 4 * i + 4] for i, name in enumerate(names)}

    # A look at the first rows spares most columns of strings a pass over all of them.
    first = fits([name for name in strings if name not in kept], frame.head(_FIRST))
    found = fits([name for name, each in first.items() if any(each)], frame)
    columns: dict[str, pl.Expr] = dict(clean) if blanks else {}
    likely = [name for name, each in found.items() if any(each)]
    facts = (
        frame.select(
            *(clean[name].count().alias(f"values {name}") for name in likely),
            *(numbers[name].str.contains(r"^-?\d{1,18}$").sum().alias(f"whole {name}") for name in likely),
            *(clean[name].str.contains(r"^[-+]?0\d+$").any().alias(f"padded {name}") for name in likely),
            *(
                (clean[name].str.contains("[.,]") & ~clean[name].str.contains(r"^[-+]?[1-9]\d{0,2}[.,]\d{3}$"))
                .any()
                .alias(f"sure {name}")
                for name in likely
            ),
        )
        .collect()
        .row(0, named=True)
        if likely
        else {}
    )
    for name in likely:
        is_number, is_other, is_mixed, is_truth = found[name]
        if not facts[f"values {name}"] or facts[f"padded {name}"]:
            continue
        if is_other and name in decimals:
            columns[name] = others[name].cast(pl.Float64)
        elif is_number:
            columns[name] = numbers[name].cast(pl.Int64 if facts[f"whole {name}"] == facts[f"values {name}"] else pl.Float64)
        elif is_other and facts[f"sure {name}"]:
            say_once(f"{path}: column {quoted(name)} is read with the decimal sign {other!r}, the others with {decimal!r}.")
            columns[name] = others[name].cast(pl.Float64)
            decimals[name] = other
        elif is_mixed:
            odd = frame.select(clean[name].filter(numbers[name].is_null() & clean[name].is_not_null())).collect()[name]
            row = frame.select((clean[name] == odd[0]).arg_true().first()).collect().item()
            say_once(odd_signs(path, name, odd[0], int(lines[row]), len(odd) - 1, decimal))
            columns[name] = mixed[name].cast(pl.Float64)
        elif is_truth:
            columns[name] = pl.when(clean[name].is_not_null()).then(clean[name].str.to_lowercase() == "true")
    if decimal != ".":  # a word among 0,64 is to be named by those who know the column's role, as among 0.64
        words = [name for name in strings if name not in kept and not any(found.get(name, ()))]
        shares = frame.select(numbers[name].count() / clean[name].count() for name in words).collect()
        for name in words:
            if (shares[name][0] or 0) >= _MOSTLY:
                columns[name] = pl.coalesce(mixed[name], clean[name])
    return frame.with_columns(expression.alias(name) for name, expression in columns.items()) if columns else frame
