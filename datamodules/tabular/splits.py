"""Assign rows to training, validation and test: at random, by group, by time, or by a column.

**What it does.** By time, the last rows validate: a table with dates is used to forecast, and a random split would let the model
see tomorrow. By group, no shop, patient or customer occurs on both sides.

**When to use it.** ``split=auto`` (default): by the column of splits if there is one, else by time if there is a date, else by
group if one is named, else at random.
"""

from __future__ import annotations

import datetime
from typing import Any, Literal

import numpy as np
import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import quoted

SPLITS = ("train", "valid", "test")
LEFT_OUT = 255  # label of rows in no split
SplitStrategy = Literal["auto", "random", "group", "time"]
Labels = np.ndarray[Any, np.dtype[np.uint8]]


def names_as_splits(values: pl.Series) -> pl.Series:
    """Values as names of splits: in small letters, ``val`` and ``validation`` as ``valid``; others stay what they are."""
    return values.cast(pl.String).str.to_lowercase().replace({"val": "valid", "validation": "valid"})


def by_column(values: pl.Series, where: object) -> Labels:
    """Take the split from a column of ``train``, ``valid`` (``val``, ``validation``) and ``test``.

    Raises:
        MisconfigurationException: The column holds something else.
    """
    labels = names_as_splits(values)
    strange = (~labels.is_in(SPLITS)).fill_null(True).arg_true()
    if len(strange):
        raise MisconfigurationException(
            f"{where}: column {quoted(values.name)} holds {quoted(values[strange[0]])} in row {strange[0] + 1:,}; it must be "
            "train, valid or test."
        )
    return labels.replace_strict(SPLITS, range(3), return_dtype=pl.UInt8).to_numpy()


def random_split(rows: int, valid: float, test: float, seed: int) -> Labels:
    """Split rows at random.

    Args:
        rows: Number of rows.
        valid: Fraction for validation.
        test: Fraction for the test.
        seed: Seed of the permutation.

    Returns:
        Of each row its index into :data:`SPLITS`.

    Example:
        >>> from practicum.datamodules.tabular.splits import random_split
        >>> random_split(10, valid=0.2, test=0.1, seed=1).tolist().count(1)
        2
    """
    order = np.random.default_rng(seed).permutation(rows)
    labels = np.zeros(rows, np.uint8)
    held_out, tested = round(rows * (valid + test)), round(rows * test)
    labels[order[rows - held_out :]] = 1
    labels[order[rows - tested :]] = 2
    return labels


def stratified_split(classes: pl.Series, valid: float, test: float, seed: int) -> Labels:
    """Split rows at random, of each class the same share.

    Where such classes are few, one of three rows or more has at least one in each split; no class loses its last row of training.

    Args:
        classes: The class of each row.
        valid: Fraction for validation.
        test: Fraction for the test.
        seed: Seed of the permutations.

    Returns:
        Of each row its index into :data:`SPLITS`.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.splits import stratified_split
        >>> labels = stratified_split(pl.Series(["common"] * 97 + ["rare"] * 3), valid=0.1, test=0.1, seed=1)
        >>> sorted(labels[-3:].tolist()), labels.tolist().count(1), labels.tolist().count(2)
        ([0, 1, 2], 10, 10)
    """
    generator = np.random.default_rng(seed)
    names = classes.unique(maintain_order=True)
    codes = _by_value(classes, names, pl.Series(range(len(names)), dtype=pl.Int32))
    counts = np.bincount(codes)
    order = generator.permutation(len(codes))
    order = order[np.argsort(codes[order], kind="stable")]  # class by class, each in random order
    tested = _of_each_class(counts, np.maximum(counts - 1, 0), test, generator)
    held_out = _of_each_class(counts, np.maximum(counts - 1 - tested, 0), valid, generator)
    place = np.arange(len(codes)) - np.repeat(np.cumsum(counts) - counts, counts)  # of a row within its class
    tested, held_out = np.repeat(tested, counts), np.repeat(held_out, counts)
    labels = np.zeros(len(codes), np.uint8)
    labels[order] = np.where(place < tested, 2, np.where(place < tested + held_out, 1, 0))
    return labels


def _of_each_class(
    counts: np.ndarray[Any, Any], most: np.ndarray[Any, Any], fraction: float, generator: np.random.Generator
) -> np.ndarray[Any, Any]:
    """How many rows of each class a split has: in proportion, with the largest remainders rounded up, ties at random."""
    wanted, exact = round(int(counts.sum()) * fraction), counts * fraction
    rare = (counts >= 3) & (exact < 1)
    # Where there are many, their rows would be most of a split, and training would lose too many of them.
    least = np.where(rare, int(rare.sum()) <= max(1, wanted // 4), 0)
    found = np.minimum(np.maximum(np.floor(exact).astype(int), least), most)
    for place in np.argsort(-found, kind="stable"):
        found[place] -= min(max(0, int(found.sum()) - wanted), max(0, int(found[place]) - 1))
    open_ = np.flatnonzero(found < most)
    remainders = (exact - found)[open_]
    more = open_[np.lexsort((generator.random(len(open_)), -remainders))][: max(0, wanted - int(found.sum()))]
    found[more] += 1
    return found


def group_split(values: pl.Series, valid: float, test: float, seed: int) -> Labels:
    """Split groups at random; ``valid`` and ``test`` are fractions of the groups."""
    groups = values.unique(maintain_order=True)
    return _by_value(values, groups, pl.Series(random_split(len(groups), valid, test, seed)))


def _by_value(values: pl.Series, distinct: pl.Series, numbers: pl.Series) -> np.ndarray[Any, Any]:
    """The number of each value, from those of the distinct ones."""
    pairs = pl.DataFrame({"value": distinct, "number": numbers})
    return (
        values.to_frame("value").join(pairs, on="value", how="left", nulls_equal=True, maintain_order="left")["number"].to_numpy()
    )


def time_split(dates: pl.Series, valid: float, test: float, last_days: int | None) -> Labels:
    """Validate on the last rows, and test on those after them; rows of the same date or time stay together.

    Args:
        dates: Date of each row; rows without one are for training.
        valid: Fraction of the rows for validation.
        test: Fraction of the rows for the test.
        last_days: Number of whole days to validate on, instead of ``valid``.
    """
    ordered = dates.drop_nulls().sort()
    labels = np.zeros(len(dates), np.uint8)
    if not len(ordered):
        return labels

    def start(fraction: float) -> Any:
        return ordered[min(len(ordered) - 1, round(len(ordered) * (1 - fraction)))]

    day = dates.dt.date() if dates.dtype == pl.Datetime else dates
    test_from = start(test) if test else ordered[-1] + datetime.timedelta(days=1)
    valid_from = start(valid + test)
    if last_days is not None:
        valid_from = (test_from if test else day.max() + datetime.timedelta(days=1)) - datetime.timedelta(days=last_days)  # type: ignore[operator]
    by_day = last_days is not None and not test  # then valid_from is a date, otherwise it is as dates are
    labels[((day if by_day else dates) >= valid_from).fill_null(False).to_numpy()] = 1
    labels[(dates >= test_from).fill_null(False).to_numpy()] = 2
    return labels
