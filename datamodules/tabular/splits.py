"""Which rows train and which validate: by chance, by group, or by time.

**What it does.** Gives each row a split. By time, the last rows validate: a table with dates is used to foretell, and a random
split would let the model look at tomorrow. By group, no shop, patient or customer is on both sides.

**When to use it.** ``data.split=auto`` (default): by the column of splits, else by time where there is a date, else by group
where one is named, else by chance.
"""

from __future__ import annotations

import datetime
from typing import Any, Literal

import numpy as np
import polars as pl
from practicum.lightning_shim import MisconfigurationException

SPLITS = ("train", "valid", "test")
LEFT_OUT = 255
How = Literal["auto", "random", "group", "time"]
Labels = np.ndarray[Any, np.dtype[np.uint8]]


def by_column(values: pl.Series, where: object) -> Labels:
    """From a column that says ``train``, ``valid`` or ``test``.

    Raises:
        MisconfigurationException: It says something else.
    """
    labels = values.cast(pl.String).str.to_lowercase().replace({"val": "valid", "validation": "valid"})
    strange = (~labels.is_in(SPLITS)).fill_null(True).arg_true()
    if len(strange):
        raise MisconfigurationException(
            f"{where}: column {values.name!r} says {values[strange[0]]!r} in row {strange[0] + 1:,}; train, valid "
            "and test are known."
        )
    return labels.replace_strict(SPLITS, range(3), return_dtype=pl.UInt8).to_numpy()


def by_chance(rows: int, valid: float, test: float, seed: int) -> Labels:
    """Shares of the rows, drawn."""
    return _shares(np.random.default_rng(seed).permutation(rows), rows, valid, test)


def _shares(order: np.ndarray[Any, Any], rows: int, valid: float, test: float) -> Labels:
    labels = np.zeros(rows, np.uint8)
    held, tested = round(rows * (valid + test)), round(rows * test)
    labels[order[rows - held :]] = 1
    labels[order[rows - tested :]] = 2
    return labels


def by_group(values: pl.Series, valid: float, test: float, seed: int) -> Labels:
    """Shares of the groups, drawn."""
    groups = values.unique(maintain_order=True)
    labels = pl.Series(by_chance(len(groups), valid, test, seed))
    return values.to_frame("group").join(
        pl.DataFrame({"group": groups, "label": labels}), on="group", how="left", nulls_equal=True, maintain_order="left"
    )["label"].to_numpy()  # fmt: skip


def by_time(dates: pl.Series, valid: float, test: float, last_days: int | None) -> Labels:
    """The last rows validate, those after them are for the test; a day is never divided.

    Args:
        dates: Of each row; rows without one train.
        valid: Share of the rows.
        test: Share of the rows.
        last_days: Days that validate, instead of ``valid``.
    """
    ordered = dates.drop_nulls().sort()
    labels = np.zeros(len(dates), np.uint8)
    if not len(ordered):
        return labels

    def begin(share: float) -> Any:
        return ordered[min(len(ordered) - 1, round(len(ordered) * (1 - share)))]

    day = dates.dt.date() if dates.dtype == pl.Datetime else dates
    test_from = begin(test) if test else ordered[-1] + datetime.timedelta(days=1)
    valid_from = begin(valid + test)
    if last_days is not None:
        valid_from = (test_from if test else day.max() + datetime.timedelta(days=1)) - datetime.timedelta(days=last_days)  # type: ignore[operator]
    labels[(dates >= valid_from).fill_null(False).to_numpy()] = 1
    labels[(dates >= test_from).fill_null(False).to_numpy()] = 2
    return labels
