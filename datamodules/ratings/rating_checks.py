"""Checks of a table of ratings: columns, numbers, rows without an id, single users, pairs of which nothing is known."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import polars as pl
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from ..files.quoting import quoted
from ..tabular.column_notes import strange_numbers
from ..tabular.readers import as_number, require_columns
from .rating_notes import looks_like_counts, unrated_mark
from .ratings_config import CLICK, TIME_BIN, RatingsConfig

if TYPE_CHECKING:
    from ..tabular.table_cache import TableArrays

log = logging.getLogger(__name__)


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
            f"{where}: has no column {quoted(config.user)}, it begins with {', '.join(map(quoted, names[:4]))}; name yours in "
            "the options user, item and rating or, if the file has no header, set header=[user,item,rating]."
        )
    wanted = [config.user, config.item, config.rating, config.time, config.weight]
    require_columns(where, names, [each for each in wanted if each is not None])
    taken = [CLICK] if config.clicks else []
    taken += [TIME_BIN] if config.time_bin_days is not None else []
    for name in taken:
        if name in names:
            raise MisconfigurationException(
                f"{where}: has a column {quoted(name)} of its own, which is the name of one that is added; rename it."
            )


def require_known_pairs(codes: Tensor, frame: pl.DataFrame, config: RatingsConfig, where: object) -> None:
    """Refuse pairs of which training had no user and no item, and say how many lack an id.

    Args:
        codes: Codes of users and items in the first two columns ``[N, 2 + side]``.
        frame: The pairs.
        config: What its columns mean.
        where: Their origin, for messages.

    Raises:
        MisconfigurationException: Nothing is known of any pair.
    """
    for name in (config.user, config.item):
        if gaps := frame[name].null_count():
            log.warning(f"{where}: {gaps:,} of {len(frame):,} rows have no {name}; it counts as unknown.")
    if not (codes[:, :2] > 0).any():
        raise MisconfigurationException(
            f"{where}: training had none of these users ({config.user} {quoted(frame[config.user][0])} ...) and none of these "
            f"items ({config.item} {quoted(frame[config.item][0])} ...), so that nothing is left to predict from; are ids "
            "written as in training?"
        )


def convert_numbers(frame: pl.LazyFrame, names: Sequence[str | None], where: object) -> pl.LazyFrame:
    """Convert columns of strings to numbers.

    Args:
        frame: The table.
        names: The columns; ``None`` is passed over.
        where: The table's origin, for messages.

    Raises:
        MisconfigurationException: One holds a word; the message names its row.
    """
    schema = frame.collect_schema()
    for name in names:
        if name is not None and schema[name] == pl.String:
            frame = frame.with_columns(as_number(frame.select(name).collect()[name], where))
        elif name is not None and not (schema[name].is_numeric() or schema[name] in (pl.Boolean, pl.Null)):
            raise MisconfigurationException(f"{where}: column {quoted(name)} has type {schema[name]}, not a number.")
        elif name is not None and schema[name] in (pl.Boolean, pl.Null):
            frame = frame.with_columns(pl.col(name).cast(pl.Float64))
    return frame


def leave_out_incomplete(
    frame: pl.LazyFrame, user: str, item: str, rating: str | None, time: str | None = None
) -> tuple[pl.LazyFrame, list[tuple[str, str]]]:
    """Leave out rows without a user, an item, a rating or a time.

    Args:
        frame: The table.
        user: Column of users.
        item: Column of items.
        rating: Column of ratings; ``None``: a row may lack one.
        time: Column of times, where they split the rows; ``None``: a row may lack one.

    Returns:
        The other rows, and those that were left out, with the reason.
    """
    schema = frame.collect_schema()
    lacks = {name: _lacks(name, schema[name].is_float()) for name in (user, item, rating, time) if name is not None}
    found = (
        frame.select(each.alias(name) for name, each in lacks.items())
        .with_row_index("__row").filter(pl.any_horizontal(*lacks)).collect()
    )  # fmt: skip
    if not len(found):
        return frame, []
    reasons = [
        (f"row {row['__row'] + 1:,}", _reason(next(name for name in lacks if row[name]))) for row in found.iter_rows(named=True)
    ]
    return frame.filter(~pl.any_horizontal(*lacks.values())), reasons


def _lacks(name: str, is_float: bool) -> pl.Expr:
    return pl.col(name).is_null() | ~pl.col(name).is_finite() if is_float else pl.col(name).is_null()


def require_times(frame: pl.LazyFrame, rejected: Sequence[tuple[str, str]], config: RatingsConfig, where: object) -> None:
    """Refuse a split by time where no row is left since none has one.

    Args:
        frame: The rows that were not left out.
        rejected: Those that were, see :func:`leave_out_incomplete`.
        config: What their columns mean.
        where: The table's origin, for messages.

    Raises:
        MisconfigurationException: None has a time.
    """
    if config.split == "random" or not rejected or len(frame.head(1).collect()):
        return
    if count := sum(reason == _reason(str(config.time)) for _, reason in rejected):
        raise MisconfigurationException(
            f"{where}: no row can be used, and {count:,} lack a {config.time}, by which split={config.split} divides them; fill "
            "that column, or leave the options split and time out."
        )


def _reason(name: str) -> str:
    return f"it has no {name}"


def require_several(frame: pl.LazyFrame, user: str, item: str, where: object) -> None:
    """Check that there are several users and several items: with one, nothing about them can be learnt.

    Args:
        frame: The table.
        user: Column of users.
        item: Column of items.
        where: The table's origin, for messages.

    Raises:
        MisconfigurationException: There is only one, or no row at all.
    """
    for name, what in ((user, "user"), (item, "item")):
        values = frame.select(pl.col(name).unique().head(2)).collect()[name]
        if len(values) < 2:
            found = f"all rows have the {what} {quoted(values[0])}" if len(values) else "no row is left"
            raise MisconfigurationException(
                f"{where}: {found}; a recommender learns how users and items differ, and needs several of both "
                f"(columns {user} and {item})."
            )


def require_frequent(arrays: TableArrays, read: Callable[[], pl.LazyFrame], config: RatingsConfig, where: object) -> None:
    """Refuse a ``min_count`` that makes all users, or all items, unknown.

    Args:
        arrays: The ratings as arrays.
        read: Reads their rows, in the same order.
        config: What their columns mean.
        where: Their origin, for messages.

    Raises:
        MisconfigurationException: No user, or no item, remains.
    """
    for name, what in ((config.user, "user"), (config.item, "item")):
        if not arrays.steps.categorical[name].categories:
            training = read().select(config.user, config.item).collect()[arrays.rows["train"]]
            first, most = training[name].value_counts(sort=True).row(0)
            enough = min(training[each].value_counts(sort=True)["count"][0] for each in training.columns)
            raise MisconfigurationException(
                f"{where}: min_count={config.min_count} leaves no {what} to learn: the most frequent one ({name} {first}) has "
                f"{most:,} training ratings; set it to {enough} or less."
            )


def strange_ratings(frame: pl.LazyFrame, rating: str, clicks: bool, where: object) -> list[str]:
    """Say what may not be meant: a single rating in all rows, or numbers that stand for a missing one.

    Args:
        frame: The table.
        rating: Column of ratings.
        clicks: Whether ratings become clicks.
        where: The table's origin.
    """
    values = frame.select(rating).collect()[rating]
    if not clicks and len(values) > 1 and values.n_unique() == 1:
        return [
            f"{where}: every {rating} is {values[0]}, so that there is nothing to learn from it; for clicks set "
            "experiment=clicks data.rating=null (rating=None in Python)."
        ]
    notes = strange_numbers(values, where)
    if clicks:
        return notes
    known = any("stands for a missing value" in each for each in notes)
    return notes + ([] if known else unrated_mark(values, where)) + looks_like_counts(values, where)


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
        infinite = value.cast(pl.Float64).is_infinite().any().alias("infinite")
        least, greatest, unbounded = (
            frame.select(value.min().alias("least"), value.max().alias("greatest"), infinite).collect().row(0)
        )
        if greatest is None or greatest <= 0 or least < 0 or unbounded:
            problem = (
                "is negative somewhere"
                if least is not None and least < 0
                else "is infinite somewhere"
                if unbounded
                else "is 0 in all rows"
            )
            raise MisconfigurationException(f"{where}: {weight} {problem}; weights must be at least 0, and some positive.")
