"""Prepare a table of ratings or clicks: pure functions from one lazy frame to the next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..tabular.readers import as_date, require_columns
from ..tabular.split_files import SPLIT_COLUMN
from .ratings_config import CLICK, TIME_BIN, Duplicates, RatingsConfig, RatingsSplit


def require_rating_columns(names: Sequence[str], config: RatingsConfig, where: object, has_header: bool) -> None:
    """Check that a table has the columns of ratings.

    Args:
        names: Its columns.
        config: What its columns mean.
        where: Its origin, for messages.
        has_header: Whether ``names`` come from a header line; if users are missing, maybe there is none.

    Raises:
        MisconfigurationException: A column is missing.
    """
    if config.user not in names and has_header:
        raise MisconfigurationException(
            f"{where}: has no column {config.user!r}, it begins with {', '.join(map(repr, names[:4]))}; name yours in the "
            "options user, item and rating or, if the file has no header, set header=[user,item,rating]."
        )
    wanted = [config.user, config.item, config.rating, config.time, config.weight]
    require_columns(where, names, [each for each in wanted if each is not None])


def prepare_interactions(frame: pl.LazyFrame, config: RatingsConfig, where: object) -> pl.LazyFrame:
    """Check, deduplicate and split a table of ratings.

    Args:
        frame: The table as it is.
        config: What its columns mean.
        where: Its origin, for messages.

    Returns:
        Each pair once, users and items in the first two columns, with a column of splits unless rows are split at random.

    Raises:
        MisconfigurationException: A rating or a weight is out of range, or a pair occurs twice.
    """
    validate_ratings(frame, config.rating, config.scale, config.weight, where)
    frame = parse_times(frame, config.time, where)
    if config.positive_threshold is not None and config.rating is not None:
        frame = frame.filter(pl.col(config.rating) >= config.positive_threshold)
    rating = None if config.clicks else config.rating
    frame = deduplicate(frame, config.user, config.item, rating, config.time, config.duplicates, where)
    frame = assign_splits(frame, config.user, config.time, config.split, config.valid_fraction)
    if config.clicks:
        frame = frame.with_columns(pl.lit(1.0).alias(CLICK))
    frame = add_time_bins(frame, config.time, config.time_bin_days)
    return frame.select(config.user, config.item, pl.exclude(config.user, config.item))


def complete_pairs(frame: pl.LazyFrame, config: RatingsConfig, where: object) -> pl.LazyFrame:
    """Add to pairs to predict what they lack of the training columns, as unknown: side columns and time bins."""
    names = frame.collect_schema().names()
    frame = add_time_bins(parse_times(frame, config.time, where), config.time, config.time_bin_days)
    missing = [name for name in (*config.user_side, *config.item_side) if name not in names]
    return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)


def validate_ratings(
    frame: pl.LazyFrame, rating: str | None, scale: Sequence[float] | None, weight: str | None, where: object
) -> None:
    """Check the values of ratings and weights.

    Args:
        frame: The table.
        rating: Column of ratings; ``None``: there is none.
        scale: Least and greatest rating; ``None``: any is accepted.
        weight: Column of weights; ``None``: there is none.
        where: The table's origin, for messages.

    Raises:
        MisconfigurationException: A rating is outside ``scale``, a weight is negative, or all weights are zero.
    """
    if scale is not None and rating is not None:
        low, high = scale
        value = pl.col(rating)
        outside = frame.with_row_index("__row").filter((value < low) | (value > high)).select("__row", rating).head(1)
        for row, number in outside.collect().iter_rows():
            raise MisconfigurationException(
                f"{where}: row {row + 1:,} has the {rating} {number}, outside of scale=[{low:g},{high:g}]; correct it, or widen "
                "the scale."
            )
    if weight is not None:
        value = pl.col(weight)
        least, greatest = frame.select(value.min().alias("least"), value.max().alias("greatest")).collect().row(0)
        if greatest is None or greatest <= 0 or least < 0:
            problem = "is negative somewhere" if least is not None and least < 0 else "is 0 in all rows"
            raise MisconfigurationException(f"{where}: {weight} {problem}; weights must be at least 0, and some positive.")


def parse_times(frame: pl.LazyFrame, time: str | None, where: object) -> pl.LazyFrame:
    """Convert times that are strings to dates: as strings, the 31st of March sorts after the 1st of April."""
    if time is None or frame.collect_schema().get(time) != pl.String:
        return frame
    return frame.with_columns(as_date(frame.select(time).collect()[time], where))


def deduplicate(
    frame: pl.LazyFrame, user: str, item: str, rating: str | None, time: str | None, duplicates: Duplicates, where: object
) -> pl.LazyFrame:
    """Keep each pair of user and item once.

    Args:
        frame: The table.
        user: Column of users.
        item: Column of items.
        rating: Column of ratings; ``None`` for clicks, of which the last always counts.
        time: Column by which the last is chosen; ``None``: by the order of rows.
        duplicates: ``last`` keeps a pair's last row, ``mean`` averages its ratings, ``refuse`` raises.
        where: The table's origin, for messages.

    Raises:
        MisconfigurationException: A pair occurs twice, with ``refuse``.
    """
    pair = [user, item]
    if duplicates == "mean" and rating is not None:
        others = [name for name in frame.collect_schema().names() if name not in (*pair, rating)]
        mean = pl.col(rating).cast(pl.Float64).mean()
        return frame.group_by(pair, maintain_order=True).agg(mean, *(pl.col(name).last() for name in others))
    if duplicates == "last" or rating is None:
        ordered = frame if time is None else frame.sort(time, maintain_order=True)
        return ordered.unique(pair, keep="last", maintain_order=True)
    # For millions of pairs sorted hashes take a tenth of the memory of groups, which then only name what was found.
    hashes = np.sort(frame.select(pl.struct(pair).hash().alias("hash")).collect()["hash"].to_numpy())
    if (hashes[1:] == hashes[:-1]).any():
        count = pl.len().alias("__times")
        again = frame.select(pair).group_by(pair).agg(count).filter(pl.col("__times") > 1).sort(pair).head(1).collect()
        for of_user, of_item, times in again.iter_rows():
            raise MisconfigurationException(
                f"{where}: {user} {of_user} rates {item} {of_item} {times} times; choose which rating counts: duplicates=last "
                "(needs the option time) or duplicates=mean."
            )
    return frame


def assign_splits(
    frame: pl.LazyFrame, user: str, time: str | None, strategy: RatingsSplit, valid_fraction: float
) -> pl.LazyFrame:
    """Add the column of splits, unless rows are split at random.

    Args:
        frame: The table, each pair once.
        user: Column of users.
        time: Column by which rows are ordered.
        strategy: ``time`` holds out the last rows; ``last_out`` each user's last row, except of users with a single one.
        valid_fraction: Fraction of the rows to hold out by ``time``.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.ratings.interactions import assign_splits
        >>> rows = pl.LazyFrame({"user": [1, 1, 2], "time": [5, 9, 7]})
        >>> assign_splits(rows, "user", "time", "last_out", 0.1).collect()["__split"].to_list()
        ['train', 'valid', 'train']
    """
    if strategy == "random" or time is None:
        return frame
    if strategy == "last_out":
        rank = pl.col(time).rank("ordinal").over(user)
        held_out = (rank == pl.len().over(user)) & (pl.len().over(user) > 1)
    else:
        held_out = pl.col(time).rank("ordinal") > pl.len() * (1 - valid_fraction)
    return frame.with_columns(pl.when(held_out).then(pl.lit("valid")).otherwise(pl.lit("train")).alias(SPLIT_COLUMN))


def add_time_bins(frame: pl.LazyFrame, time: str | None, days: float | None) -> pl.LazyFrame:
    """Add the column :data:`TIME_BIN`, in which stretch of ``days`` days since 1970 a row falls.

    Args:
        frame: The table. Without the column ``time``, as of pairs to predict, the bin is unknown.
        time: Column of dates, or of seconds since 1970.
        days: Length of a bin; ``None`` adds nothing.
    """
    if days is None or time is None:
        return frame
    schema = frame.collect_schema()
    if time not in schema.names():
        return frame.with_columns(pl.lit(None, pl.Int64).alias(TIME_BIN))
    column = pl.col(time)
    seconds = column.cast(pl.Datetime).dt.epoch("s") if schema[time].is_temporal() else column
    return frame.with_columns((seconds / (86400 * days)).floor().cast(pl.Int64).alias(TIME_BIN))
