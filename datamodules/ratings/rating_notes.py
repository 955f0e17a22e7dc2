"""What ratings look like to someone who reads them with care: sentences for the user, on nothing is acted.

**What it does.** Finds a number that stands for no rating (-1 or 0 below a scale), counts that are no ratings (plays, purchases),
a column of 0 and 1 that says which rows are clicks, and times that nothing was asked to be done with.
"""

from __future__ import annotations

import shlex
from itertools import pairwise

import polars as pl

from ..files.quoting import plain, quoted
from ..tabular.source_table import SPLIT_COLUMN
from .ratings_config import RatingsConfig

_STEPS = 20  # of a scale, at most: a hundred per cent have honest zeros
_LONE, _MANY = 0.01, 0.05  # share of rows with a number below the scale, and with one that could be its lowest step
_TIMES = 2  # as many as have the next step
_TAIL = 10  # the greatest count by the median


def unrated_mark(values: pl.Series, where: object) -> list[str]:
    """Say if a single number that is not positive lies below a scale, and is too frequent for a rating.

    Args:
        values: The whole column of ratings.
        where: The table.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.ratings.rating_notes import unrated_mark
        >>> unrated_mark(pl.Series("stars", [-1, -1, 1, 2, 3, 4, 5]), "t.csv")[0][:60]
        't.csv: 2 of 7 rows have the stars -1, below a scale from 1 t'
    """
    counts = values.drop_nulls().value_counts().sort(values.name).rows()
    low, scale = [each for each in counts if each[0] <= 0], [each for each in counts if each[0] > 0]
    if len(low) != 1 or len(scale) < 2:
        return []
    ((mark, count),), (lowest, beside), greatest = low, scale[0], scale[-1][0]
    if mark == 0 and count > max(each for _, each in scale) and lowest == 1 and greatest > 2:
        why = "more than any other"
    elif len(scale) < 3 or not _is_even([float(value) for value, _ in scale]):
        return []
    elif mark < 0 and count >= max(2, _LONE * len(values)):
        why = f"below a scale from {lowest:g} to {greatest:g}"
    elif count >= max(2, _MANY * len(values)) and count > _TIMES * beside:
        why = f"more than {_TIMES} times as many as have {lowest:g}"
    else:
        return []
    # As it means missing in all columns, 0 would leave out the users and items of that number.
    option = f", or set data.csv_format.na_values=[{mark:g}]" if mark < 0 else ""
    return [
        f"{where}: {count:,} of {len(values):,} rows have the {values.name} {mark:g}, {why}; if that means not rated, leave "
        f"these fields blank{option}, and the rows are left out."
    ]


def _is_even(scale: list[float]) -> bool:
    """Whether numbers are steps of equal size, of which some may be missing."""
    step = min(after - before for before, after in pairwise(scale))
    places = [(value - scale[0]) / step for value in scale]
    return places[-1] < _STEPS and all(abs(each - round(each)) < 1e-6 for each in places)


def looks_like_counts(values: pl.Series, where: object) -> list[str]:
    """Say if ratings are whole numbers with a long tail, as of plays or purchases.

    Args:
        values: The whole column of ratings.
        where: The table.
    """
    present = values.drop_nulls().cast(pl.Float64)
    positive = present.filter(present > 0)
    if not len(positive) or (present < 0).any() or not (present == present.floor()).all():
        return []
    median, greatest, mean = (float(each) for each in (positive.median(), positive.max(), positive.mean()))  # type: ignore[arg-type]
    tail = positive.filter(positive > 3 * median).n_unique()
    if greatest <= _TAIL or greatest < _TAIL * median or mean < 1.5 * median or tail < 5:
        return []
    name = plain(values.name)
    weight = shlex.quote(f"data.weight={name}")
    return [
        f"{where}: {name} looks like a count, of plays or purchases (half are at most {median:g}, the greatest {greatest:,.0f}), "
        f"and the few greatest decide a squared error; to learn what is chosen, take experiment=clicks {weight} in "
        "place of data.rating."
    ]


def unused_flags(frame: pl.LazyFrame, config: RatingsConfig, where: object) -> list[str]:
    """Say if each row is a click, and a column of 0 and 1 beside them seems to say which rows are.

    Args:
        frame: The rows.
        config: What their columns mean.
        where: The table.
    """
    schema, used = frame.collect_schema(), {*config.columns, config.split_column, SPLIT_COLUMN}
    names = [name for name, kind in schema.items() if name not in used and (kind.is_numeric() or kind == pl.Boolean)]
    if config.rating is not None or not names:
        return []
    numbers = [pl.col(name).cast(pl.Float64) for name in names]
    found = frame.select(
        (each.is_in([0.0, 1.0]).all() & (each == 0).any() & (each == 1).any()).alias(name)
        for name, each in zip(names, numbers, strict=True)
    )
    flags = [name for name, is_flag in found.collect().row(0, named=True).items() if is_flag]
    if len(flags) != 1:  # many are traits, as of genres
        return []
    flag = pl.col(flags[0]).cast(pl.Float64)
    varies = (
        frame.group_by(each).agg(flag.n_unique().alias("n")).select((pl.col("n") > 1).any())
        for each in (config.user, config.item)
    )
    if not all(each.collect().item() for each in varies):  # of a user, or of an item
        return []
    none, rows = frame.select((flag == 0).sum(), pl.len()).collect().row(0)
    rating = shlex.quote(f"data.rating={plain(flags[0])}")
    return [
        f"{where}: every row counts as a click, though {quoted(flags[0])} is 0 in {none:,} of {rows:,} rows; if it says whether "
        f"there was one, set {rating} data.positive_threshold=1 (and data.duplicates=max where pairs repeat)."
    ]


def unused_times(names: list[str], config: RatingsConfig, where: object) -> list[str]:
    """Say if a column of times is named, and rows are split at random all the same.

    Args:
        names: Columns of the table.
        config: What they mean.
        where: The table.
    """
    split = config.split != "random" or config.split_column is not None or SPLIT_COLUMN in names
    if config.time is None or split or config.time_bin_days is not None or config.duplicates == "last":
        return []
    return [f"{where}: ratings are split at random, whatever their {config.time}; data.split=time tests on the newest."]
