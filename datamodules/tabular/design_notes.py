"""What could make a table's result look better than it is, or leave it poorer than need be: sentences, on nothing is acted.

**What it does.** Finds classes that a held-out split lacks, ids that a random split puts on both sides, columns that are the
target in other words, and targets of which the logarithm is the better scale.

**When to use it.** While a table is made into arrays, once its rows are split.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from ..files.quoting import listed, plain, quoted
from .column_roles import named_like_an_identifier
from .row_labels import split_strategy
from .splits import LEFT_OUT, SPLITS, Labels
from .table_config import TableConfig

_FEWEST = 20  # rows: of fewer, columns agree by chance
_FIRST = 10_000  # rows that are looked at before the whole column is
_IDS = 10  # of fewer shops, new rows are hardly of others
_SKEWED, _EVEN = 3.0, 1.0  # of the target and of its logarithm


def design_notes(
    frame: pl.LazyFrame,
    names: Iterable[str],
    target: pl.Series,
    labels: Labels,
    is_class: bool,
    config: TableConfig,
    where: object,
) -> list[str]:
    """All sentences on a table.

    Args:
        frame: The table; of most columns only the first rows are collected.
        names: Of the columns that are learnt from.
        target: The whole column of targets.
        labels: Of each row its index into :data:`.SPLITS`.
        is_class: Whether targets are classes.
        config: How the table becomes arrays.
        where: Its origin.
    """
    notes = telling_columns(frame, names, target, is_class, where)
    by_chance = config.split_column is None and config.group is None and split_strategy(config) == "random"
    for name in sorted(names) if by_chance else ():
        if named_like_an_identifier(name):
            notes += divided_ids(frame.select(name).collect()[name], where)
    return notes + (
        absent_classes(target, labels, where) if is_class else skewed_target(target.filter(pl.Series(labels != LEFT_OUT)), where)
    )


def absent_classes(target: pl.Series, labels: Labels, where: object) -> list[str]:
    """Say which classes no row of validation or of the test has: their metrics say nothing of them.

    Args:
        target: The class of each row.
        labels: Of each row its index into :data:`.SPLITS`.
        where: The table.

    Example:
        >>> import numpy as np
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.design_notes import absent_classes
        >>> absent_classes(pl.Series(["a", "b", "a"]), np.array([0, 0, 1], np.uint8), "t.csv")
        ["t.csv: no row of the valid split has the class 'b', so its metrics say nothing of that."]
    """
    known = target.filter(pl.Series(labels == 0)).unique().drop_nulls()
    found = []
    for number, split in enumerate(SPLITS[1:], 1):
        here = target.filter(pl.Series(labels == number)).unique()
        lacking = known.filter(~known.is_in(here.to_list())).sort().cast(pl.String).to_list()
        if len(here) and lacking:
            classes, that = ("class", "that") if len(lacking) == 1 else ("classes", "these")
            named = listed([quoted(each) for each in lacking])
            found.append(f"{where}: no row of the {split} split has the {classes} {named}, so its metrics say nothing of {that}.")
    return found


def divided_ids(values: pl.Series, where: object) -> list[str]:
    """Say whether a column of ids has several rows of each, which a random split puts on both sides.

    Args:
        values: The whole column.
        where: The table.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.design_notes import divided_ids
        >>> divided_ids(pl.Series("patient_id", [number // 5 for number in range(100)]), "t.csv")[0][:69]
        "t.csv: column 'patient_id' has 20 values in 100 rows, which are split"
    """
    present = values.drop_nulls()
    if present.dtype.is_float() and not (present == present.floor()).all():  # measurements, whatever their name
        return []
    distinct = present.n_unique()
    if distinct < _IDS or distinct > len(present) / 2:
        return []
    name = plain(values.name)
    return [
        f"{where}: column {quoted(values.name)} has {distinct:,} values in {len(present):,} rows, which are split at random, so "
        f"that training knows those of the test; if new rows will have other ones, group={name} keeps each on one side."
    ]


def tells_target(values: pl.Series, target: pl.Series, is_class: bool) -> bool:
    """Whether a column is the target in other words: a linear function of it, or another name for each class.

    Args:
        values: A column.
        target: The target of the same rows.
        is_class: Whether the target is a class.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.design_notes import tells_target
        >>> price = pl.Series([float(number**2) for number in range(30)])
        >>> tells_target(2 * price + 1, price, is_class=False), tells_target(price.sqrt(), price, is_class=False)
        (True, False)
    """
    pairs = pl.DataFrame({"value": values, "target": target}).drop_nulls()
    if len(pairs) < _FEWEST:
        return False
    if is_class:
        classes = pairs["target"].n_unique()
        return classes > 1 and pairs["value"].n_unique() == classes == pairs.n_unique()
    if not values.dtype.is_numeric() or not target.dtype.is_numeric():
        return False
    one, other = (pairs[name].cast(pl.Float64).to_numpy() for name in ("value", "target"))
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return False
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.dot(one, one) * np.dot(other, other))
    return scale > 0 and 1 - float(np.dot(one, other)) ** 2 / scale < 1e-10


def telling_columns(frame: pl.LazyFrame, names: Iterable[str], target: pl.Series, is_class: bool, where: object) -> list[str]:
    """Say which columns are the target in other words; the first rows are looked at first.

    Args:
        frame: The table; of most columns only the first rows are collected.
        names: Of the columns that are learnt from.
        target: The whole column of targets.
        is_class: Whether it is of classes.
        where: The table.
    """
    found: list[str] = []
    first = frame.select(sorted(names)).head(_FIRST).collect()
    for name in sorted(names):
        if tells_target(first[name], target.head(_FIRST), is_class):
            found += [name] if tells_target(frame.select(name).collect()[name], target, is_class) else []
    if not found:
        return []
    named = f"column {quoted(found[0])} tells" if len(found) == 1 else f"columns {listed(found)} each tell"
    return [
        f"{where}: the {named} the target in every row; if that is not known before the target is, leave it out by "
        f"ignore=[{','.join(map(plain, found))}]."
    ]


def skewed_target(target: pl.Series, where: object) -> list[str]:
    """Say where the logarithm of a target is the better scale.

    Args:
        target: Numbers of all rows that are used.
        where: The table.
    """
    present = target.drop_nulls().cast(pl.Float64)
    if len(present) < _FEWEST or float(present.min()) <= 0:  # type: ignore[arg-type]
        return []
    skewness, of_logs = (float(each.skew() or 0.0) for each in (present, present.log()))
    if skewness < _SKEWED or abs(of_logs) > _EVEN:
        return []
    return [
        f"{where}: the target {quoted(target.name)} is above 0 and skewed (skewness {skewness:.1f}, of its logarithm "
        f"{of_logs:.1f}); a model that learns the logarithm (log_target=true) lets errors count by their ratio."
    ]
