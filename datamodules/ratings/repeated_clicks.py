"""Clicks of one user on one item count once: as of the first, so that what was known before a split stays in training.

**What it does.** Of the clicks of a pair the first is kept: the first part's (training before validation before the test) where
files or a column name the parts, then the earliest. So a later part holds only what its user had not clicked on before, which is
what a recommender is asked for. The last click would move whatever is bought every week out of training. Weights are added up,
within the part only: how often something is bought after the split is not known before it.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from ..tabular.source_table import SPLIT_COLUMN
from .ratings_config import RatingsConfig

_PLACES = {"train": 0, "valid": 1, "val": 1, "validation": 1, "test": 2}


def count_repeats(frame: pl.LazyFrame, user: str, item: str) -> int:
    """How many rows repeat the pair of another.

    Args:
        frame: The table.
        user: Column of users.
        item: Column of items.
    """
    # For millions of pairs sorted hashes take a tenth of the memory of groups.
    hashes = np.sort(frame.select(pl.struct(user, item).hash().alias("hash")).collect()["hash"].to_numpy())
    return int((hashes[1:] == hashes[:-1]).sum())


def first_clicks(
    frame: pl.LazyFrame, user: str, item: str, time: str | None = None, split_column: str | None = None, by_part: bool = True
) -> pl.LazyFrame:
    """Keep the first click of each pair.

    Args:
        frame: The clicks.
        user: Column of users.
        item: Column of items.
        time: Column by which the first is chosen, and the rest ordered; ``None``: by the order of rows.
        split_column: Column that names each row's split, which comes before its time; that of files does so, too.
        by_part: Whether these splits are the ones that are used.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.ratings.repeated_clicks import first_clicks
        >>> clicks = pl.LazyFrame({"user": [1, 1, 1], "item": ["milk", "tea", "milk"], "time": [9, 5, 1]})
        >>> first_clicks(clicks, "user", "item", "time").select("item", "time").collect().rows()
        [('milk', 1), ('tea', 5)]
    """
    names = frame.collect_schema().names()
    order = [_place_of_part(name) for name in (split_column, SPLIT_COLUMN) if by_part and name is not None and name in names]
    order += [pl.col(time)] if time is not None else []
    ordered = frame.sort(order, nulls_last=True, maintain_order=True) if order else frame
    return ordered.unique([user, item], keep="first", maintain_order=True)


def _place_of_part(name: str) -> pl.Expr:
    # What names no split is refused later, by what reads the column.
    return pl.col(name).cast(pl.String).str.to_lowercase().replace_strict(_PLACES, default=len(_PLACES), return_dtype=pl.Int8)


def add_weights(kept: pl.LazyFrame, clicks: pl.LazyFrame, config: RatingsConfig) -> pl.LazyFrame:
    """Give each pair the sum of its clicks' weights, of those in its own part; a pair without any weight keeps none.

    Args:
        kept: What :func:`first_clicks` kept, with its column of splits unless rows are split at random.
        clicks: All clicks.
        config: What their columns mean.
    """
    if config.weight is None:
        return kept
    pair, weight = [config.user, config.item], pl.col(config.weight)
    part = SPLIT_COLUMN if config.split_column is None else config.split_column
    if config.split != "random":
        clicks = _before_held_out(kept, clicks, config)
    elif part in kept.collect_schema().names():
        clicks = clicks.join(kept.select(*pair, part), on=[*pair, part], how="semi")
    total = pl.when(weight.count() > 0).then(weight.sum()).alias("__weight")
    joined = kept.join(clicks.group_by(pair).agg(total), on=pair, how="left", maintain_order="left")
    return joined.with_columns(pl.col("__weight").alias(config.weight)).drop("__weight")


def _before_held_out(kept: pl.LazyFrame, clicks: pl.LazyFrame, config: RatingsConfig) -> pl.LazyFrame:
    """All clicks, but of training's pairs only those before anything, or anything of the same user, is held out."""
    assert config.time is not None
    pair, time, is_training = [config.user, config.item], pl.col(config.time), pl.col(SPLIT_COLUMN) == "train"
    start = time.filter(~is_training).min()
    start = start.over(config.user) if config.split == "last_out" else start
    known = kept.select(*pair, SPLIT_COLUMN, time.alias("__first"), start.alias("__start"))
    joined = clicks.select(*pair, time, str(config.weight)).join(known, on=pair)
    return joined.filter(~is_training | (time < pl.col("__start")).fill_null(True) | (time == pl.col("__first")))
