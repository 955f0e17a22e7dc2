"""Prepare a table of ratings or clicks: pure functions from one lazy frame to the next. Times are in :mod:`.rating_times`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..loading.held_out import held_out_sentence, held_out_share
from ..tabular.source_table import SPLIT_COLUMN, SourceTable
from .rating_checks import (
    convert_numbers,
    leave_out_incomplete,
    require_several,
    require_times,
    strange_ratings,
    validate_ratings,
)
from .rating_notes import unused_flags, unused_times
from .rating_times import add_time_bins, find_time_format, parse_new_times, parse_times
from .ratings_config import CLICK, Duplicates, RatingsConfig, RatingsSplit
from .repeated_clicks import add_weights, count_repeats, first_clicks


def prepare_interactions(source: SourceTable, config: RatingsConfig, where: object) -> SourceTable:
    """Check, deduplicate and split a table of ratings.

    Args:
        source: The table as it is.
        config: What its columns mean.
        where: Its origin, for messages.

    Returns:
        Each pair once, users and items in the first two columns, with a column of splits unless rows are split at random.

    Raises:
        MisconfigurationException: A rating or a weight is out of range or no number, a pair occurs twice, or there is only one
            user or item.
    """
    frame = convert_numbers(source.frame, [config.rating, config.weight], where)
    validate_ratings(frame, config.rating, config.scale, config.weight, where)
    by_time = config.split != "random"
    # A table that keeps its rows is told of those without a rating by what builds its arrays.
    keeps_rows = config.duplicates == "refuse" and not config.clicks and not by_time
    needed = [None if keeps_rows else config.rating, config.time if by_time else None]
    frame, rejected = leave_out_incomplete(frame, config.user, config.item, *needed)
    require_times(frame, rejected, config, where)
    date_format, notes = find_time_format(frame, config, where)
    if config.rating is not None:
        notes += [("warning", each) for each in strange_ratings(frame, config.rating, config.clicks, where)]
    notes += [("warning", each) for each in unused_flags(frame, config, where)]
    notes += [("info", each) for each in unused_times(frame.collect_schema().names(), config, where)]
    frame = parse_times(frame, config.time, date_format, where)
    repeats = 0
    if config.rating is None:
        repeats = count_repeats(frame, config.user, config.item)
        # Files' parts don't count where time splits their rows anew.
        clicks, frame = frame, first_clicks(frame, config.user, config.item, config.time, config.split_column, not by_time)
        if repeats:
            summed = "" if config.weight is None else "; weights are added up"
            summed += ", in training those before the split" if summed and by_time else ""
            notes.append(("info", f"{where}: {repeats:,} repeated clicks count once, as of each pair's first{summed}."))
    elif config.positive_threshold is None or config.duplicates != "refuse" or _contradicts(frame, config):
        frame = deduplicate(frame, config.user, config.item, config.rating, config.time, config.duplicates, where)
    else:  # whichever of a pair's ratings counts, it is a click or none
        frame = first_clicks(frame, config.user, config.item, config.time, config.split_column, not by_time)
    if config.positive_threshold is not None and config.rating is not None:  # by what counts, not by what was taken back
        frame = frame.filter(pl.col(config.rating) >= config.positive_threshold)
        frame = frame if config.time is None else frame.sort(config.time, maintain_order=True)
    require_several(frame, config.user, config.item, where)
    test = 0.0
    if config.split == "time":
        rows = int(frame.select(pl.len()).collect().item())
        test = held_out_share(config.test_fraction, rows, config.valid_fraction)
        if test and config.test_fraction is None:
            notes.append(("info", held_out_sentence(where, rows - int(rows * (1 - test)), rows, "ratings", "the newest")))
    frame = assign_splits(frame, config.user, config.time, config.split, config.valid_fraction, test)
    if repeats:
        frame = add_weights(frame, clicks, config)
    if config.clicks:
        frame = frame.with_columns(pl.lit(1.0).alias(CLICK))
    frame = add_time_bins(frame, config.time, config.time_bin_days, date_format)
    frame = frame.select(config.user, config.item, pl.exclude(config.user, config.item))
    return replace(source, frame=frame, date_format=date_format, notes=source.notes + notes, rejected=source.rejected + rejected)


def _contradicts(frame: pl.LazyFrame, config: RatingsConfig) -> bool:
    """Whether a pair has ratings on both sides of the threshold."""
    positive = pl.col(str(config.rating)) >= config.positive_threshold
    pairs = frame.group_by(config.user, config.item).agg(positive.any().alias("any"), positive.all().alias("all"))
    return bool(pairs.select((pl.col("any") != pl.col("all")).any()).collect().item())


def pairs_left_out(read: Callable[[], pl.LazyFrame], config: RatingsConfig, where: object) -> pl.LazyFrame | None:
    """The rows that training leaves out though their users have the items: below ``positive_threshold``, or without a time.

    Args:
        read: Reads the table as it is.
        config: What its columns mean.
        where: Its origin, for messages.

    Returns:
        The rows; ``None`` where the options leave none out.
    """
    left_out, frame = [], read()
    if config.rating is not None and config.positive_threshold is not None:
        frame = convert_numbers(frame, [config.rating], where)
        left_out.append(pl.col(config.rating) < config.positive_threshold)
    if config.split != "random" and config.time is not None:
        left_out.append(pl.col(config.time).is_null())
    return frame.filter(pl.any_horizontal(left_out)) if left_out else None


def complete_pairs(frame: pl.LazyFrame, config: RatingsConfig, where: object, date_format: str | None = None) -> pl.LazyFrame:
    """Add to pairs to predict what they lack of the training columns, as unknown: side columns and time bins.

    Args:
        frame: The pairs.
        config: What its columns mean.
        where: Its origin, for messages.
        date_format: Format of the times in training, see :func:`.find_time_format`.
    """
    names = frame.collect_schema().names()
    if config.time_bin_days is not None:
        frame = parse_new_times(frame, config.time, date_format, where)
        frame = add_time_bins(frame, config.time, config.time_bin_days, date_format)
    missing = [name for name in (*config.user_side, *config.item_side) if name not in names]
    return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)


def deduplicate(
    frame: pl.LazyFrame, user: str, item: str, rating: str, time: str | None, duplicates: Duplicates, where: object
) -> pl.LazyFrame:
    """Keep each rated pair of user and item once.

    Args:
        frame: The table.
        user: Column of users.
        item: Column of items.
        rating: Column of ratings.
        time: Column by which the last is chosen; ``None``: by the order of rows.
        duplicates: ``last`` keeps a pair's last row, ``max`` the first with its greatest rating, ``mean`` the last with the mean
            of its ratings, ``refuse`` raises.
        where: The table's origin, for messages.

    Raises:
        MisconfigurationException: A pair occurs twice, with ``refuse``.
    """
    pair = [user, item]
    if duplicates == "mean":
        others = [name for name in frame.collect_schema().names() if name not in (*pair, rating)]
        mean = pl.col(rating).cast(pl.Float64).mean()
        rest = [pl.col(name) if time is None else pl.col(name).sort_by(time, maintain_order=True) for name in others]
        return frame.group_by(pair, maintain_order=True).agg(mean, *(each.last() for each in rest))
    if duplicates != "refuse":
        ordered = frame if time is None else frame.sort(time, maintain_order=True)
        if duplicates == "last":
            return ordered.unique(pair, keep="last", maintain_order=True)
        greatest = ordered.filter(pl.col(rating) == pl.col(rating).max().over(pair))
        return greatest.unique(pair, keep="first", maintain_order=True)
    if count_repeats(frame, user, item):
        count = pl.len().alias("__times")
        again = frame.select(pair).group_by(pair).agg(count).filter(pl.col("__times") > 1).sort(pair).head(1).collect()
        for of_user, of_item, times in again.iter_rows():
            raise MisconfigurationException(
                f"{where}: {user} {of_user} rates {item} {of_item} {times} times; choose which rating counts: duplicates=last "
                "(needs the option time), duplicates=mean or duplicates=max."
            )
    return frame


def assign_splits(
    frame: pl.LazyFrame, user: str, time: str | None, strategy: RatingsSplit, valid_fraction: float, test_fraction: float = 0.0
) -> pl.LazyFrame:
    """Add the column of splits, unless rows are split at random.

    Args:
        frame: The table, each pair once.
        user: Column of users.
        time: Column by which rows are ordered.
        strategy: ``time`` holds out the last rows; ``last_out`` each user's last row, except of users with a single one.
        valid_fraction: Fraction of the rows to hold out by ``time``.
        test_fraction: Fraction of the rows for the test by ``time``, after those of validation.

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
        tested = pl.lit(False)
    else:
        rank = pl.col(time).rank("ordinal")
        held_out = rank > pl.len() * (1 - valid_fraction - test_fraction)
        tested = rank > pl.len() * (1 - test_fraction)
    split = pl.when(tested).then(pl.lit("test")).when(held_out).then(pl.lit("valid")).otherwise(pl.lit("train"))
    return frame.with_columns(split.alias(SPLIT_COLUMN))
