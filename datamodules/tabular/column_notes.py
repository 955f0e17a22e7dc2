"""What a table's columns look like to someone who reads them with care: sentences for the user, on nothing is acted.

**What it does.** Counts missing values; finds numbers that stand for a missing value (-999), numbers that are none (1.8e308),
texts that are numbers with a unit ($1,074) or with a word for a gap (n.a.), and targets that may be classes; names the columns
that are not learnt from.

**When to use it.** While a table is made into arrays; the sentences are said at the start of each run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from ..files.quoting import plain, quoted
from .column_roles import MAX_CATEGORIES, ColumnRole
from .date_texts import dates_as_text
from .readers import as_number
from .splits import SPLITS, names_as_splits

_SENTINELS = (-9.0, -99.0, -999.0, -9999.0, -99999.0, 99.0, 999.0, 9999.0, 99999.0)
_UNITS = "[$€£¥₹%\\s,' \u2019]|USD|EUR|GBP"
# A number with at most a few signs before it and a short unit behind it: (12.50), <0.5, 1.5k, 5.00 kg, 08:30.
_WITH_SIGNS = r"^[^\w#]{0,3}#(?::#){0,2}[^#]{0,6}$"
_DIGITS = r"\d(?:[\d.,' \u2019]*\d)?"
_FIRST = 1000  # rows
_GAPS = 0.02  # share of rows without a class that is said
_FORMS = 5  # of such a column; codes such as 1011 AB have many
_SHOWN = 8


def missing_values(counts: Mapping[str, int], rows: int, where: object) -> list[str]:
    """Say which columns have missing values.

    Args:
        counts: Missing values by column.
        rows: Number of rows.
        where: The table.
    """
    gaps = {name: count for name, count in counts.items() if count}
    if not gaps:
        return []
    named = ", ".join(f"{plain(name)} {count:,}" for name, count in [*gaps.items()][:_SHOWN])
    more = f" and {len(gaps) - _SHOWN:,} more columns" if len(gaps) > _SHOWN else ""
    return [f"{where}: missing values (blank, NA, ?, ...), of {rows:,} rows: {named}{more}. They are learnt as missing."]


def missing_classes(target: pl.Series, where: object) -> list[str]:
    """Say if many rows have no class, as a mark of missing values may be one: ``None`` beside the names of two illnesses.

    Args:
        target: The whole column.
        where: The table.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.column_notes import missing_classes
        >>> missing_classes(pl.Series("y", ["a", None, "b"]), "t.csv")[0][:47]
        't.csv: 1 of 3 rows have no y and are left out; '
    """
    gaps, rows = target.null_count(), len(target)
    if not gaps or gaps < _GAPS * rows:
        return []
    return [
        f"{where}: {gaps:,} of {rows:,} rows have no {plain(target.name)} and are left out; should None, NA or the like be a "
        "class, csv_format.keep_default_na=false keeps it."
    ]


def left_out(roles: Iterable[ColumnRole], where: object) -> list[str]:
    """Say which columns are not learnt from, and why.

    Args:
        roles: Roles that were inferred.
        where: The table.
    """
    ignored = [role for role in roles if role.role == "ignored"]
    if not ignored:
        return []
    named = ", ".join(f"{quoted(role.column)} ({role.reason})" for role in ignored[:_SHOWN])
    more = f" and {len(ignored) - _SHOWN:,} more columns" if len(ignored) > _SHOWN else ""
    return [f"{where}: not learnt from: {named}{more}; the options categorical and continuous take a column in."]


def strange_numbers(values: pl.Series, where: object) -> list[str]:
    """Say which values of a column of numbers may not be what they seem.

    Args:
        values: The whole column, as it was read.
        where: The table.
    """
    notes, numbers = [], as_number(values, where)
    given = values.fill_nan(None) if values.dtype.is_float() else values
    if infinite := numbers.null_count() - given.null_count():
        row = int((numbers.is_null() & given.is_not_null()).arg_true()[0])
        notes.append(
            f"{where}: {infinite:,} values of column {quoted(values.name)} are infinite or too large for a number in 32 bits, as "
            f"in row {row + 1:,} ({values[row]}); they count as missing."
        )
    present = numbers.drop_nulls()
    for sentinel in _SENTINELS:
        count, rest = int((present == sentinel).sum()), present.filter(present != sentinel)
        if not count or not len(rest):
            continue
        low, high = float(rest.min()), float(rest.max())  # type: ignore[arg-type]
        apart = min(abs(sentinel - low), abs(sentinel - high))
        outside = sentinel < low if sentinel < 0 else sentinel > high and count > 1
        if outside and apart > 9 and (apart > high - low or (sentinel <= -99 and low >= 0)):
            notes.append(
                f"{where}: column {quoted(values.name)} holds {sentinel:g} in {count:,} rows, and otherwise {low:g} to {high:g}; "
                "if it stands for a missing value, leave these fields blank, or name it in csv_format.na_values."
            )
    return notes


def strange_text(values: pl.Series, where: object) -> list[str]:
    """Say whether a column of strings looks like numbers.

    Args:
        values: The whole column.
        where: The table.
    """
    if values.dtype != pl.String:
        return []
    present = values.drop_nulls()
    if present.n_unique() <= MAX_CATEGORIES:
        return []
    if said := dates_as_text(values, where):
        return [said]
    other = present.filter(present.cast(pl.Float64, strict=False).is_null())
    words = other.unique(maintain_order=True)
    if 0 < len(words) <= 2 and 2 * len(other) < len(present):
        named = " and ".join(quoted(each) for each in words)
        return [
            f"{where}: column {quoted(values.name)} holds numbers, and {named} in {len(other):,} rows, so that it is read as "
            "text; if that means a missing value, leave these fields blank, or name it in csv_format.na_values."
        ]
    bare = present.str.replace_all(_UNITS, "").cast(pl.Float64, strict=False)
    signs = _have_signs(present.head(_FIRST), or_none=True) and _have_signs(present)  # long texts are told by the first ones
    if (bare.null_count() == 0 or signs) and not present.str.contains(r"^[-+]?\d+$").all():
        shown = present.filter(present.cast(pl.Float64, strict=False).is_null())
        return [
            f"{where}: column {quoted(values.name)} looks like numbers with a unit, or with signs around them or between "
            f"thousands ({quoted(shown[0] if len(shown) else present[0])}), and is read as text; write plain numbers if they are."
        ]
    return []


def _have_signs(values: pl.Series, or_none: bool = False) -> bool:
    """Whether texts are numbers, some of them with signs around."""
    forms = values.str.replace_all(_DIGITS, "#").unique()
    return len(forms) <= _FORMS and (or_none or forms.to_list() != ["#"]) and bool(forms.str.contains(_WITH_SIGNS).all())


def names_of_splits(values: pl.Series, where: object) -> list[str]:
    """Say whether a column that is learnt from names splits, which it is hardly meant for.

    Args:
        values: The whole column.
        where: The table.
    """
    words = values.drop_nulls().unique().sort()
    if words.dtype != pl.String or not {"train"} < {*names_as_splits(words)} <= {*SPLITS}:
        return []
    name = quoted(values.name)
    return [
        f"{where}: column {name} names splits ({', '.join(words)}) and is learnt from like any other; to split by it, "
        f"give split_column={plain(values.name)}."
    ]


def kind_of_target(target: pl.Series, is_class: bool, where: object) -> list[str]:
    """Say what a target of a few whole numbers was taken for, and how to change that.

    Args:
        target: The whole column.
        is_class: What it was taken for.
        where: The table.
    """
    present = target.drop_nulls()
    if not target.dtype.is_numeric() or present.n_unique() > MAX_CATEGORIES:
        return []
    present = present.cast(pl.Float64)
    if not (present == present.floor()).all():
        return []
    values = ", ".join(f"{each:g}" for each in present.unique().sort().head(_SHOWN)) + (
        " ..." if present.n_unique() > _SHOWN else ""
    )
    taken, other = ("classes", "number") if is_class else ("a number", "class")
    return [
        f"{where}: the target {quoted(target.name)} holds only {values}, and is predicted as {taken}; kind={other} changes that."
    ]
