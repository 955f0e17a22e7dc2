"""Times of ratings: their format or unit is found in training, kept in ``steps.json``, and holds for new pairs.

**What it does.** Dates as texts are parsed (:mod:`practicum.datamodules.tabular.date_formats`); numbers of the size of seconds,
milli-, micro- or nanoseconds since 1970 are such units; other numbers only order ratings, and are seconds where bins are wanted.
"""

from __future__ import annotations

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import quoted
from ..tabular.date_formats import EPOCHS, find_format, parse_dates, time_unit
from .ratings_config import TIME_BIN, RatingsConfig

_MOST_SECONDS = 1e11  # in the year 5138


def find_time_format(frame: pl.LazyFrame, config: RatingsConfig, where: object) -> tuple[str | None, list[tuple[str, str]]]:
    """Find the format of the times.

    Args:
        frame: The table.
        config: What its columns mean.
        where: Its origin, for messages.

    Returns:
        The format, or unit since 1970; ``None`` for dates, and for other numbers. And what was guessed, with its level.

    Raises:
        MisconfigurationException: The times share no format or unit.
    """
    if config.time is None:
        return None, []
    values = frame.select(config.time).collect()[config.time]
    if not values.dtype.is_numeric():
        form, guesses = find_format(values, where, config.date_format)
        return form, [("warning", each) for each in guesses]
    unit = time_unit(values, where)
    if config.date_format is not None:
        if config.date_format not in EPOCHS or unit not in (None, config.date_format):
            parse_dates(values, config.date_format, where, told=True)  # raises, and names the first row that has another format
        return config.date_format, []
    if unit is not None or config.time_bin_days is None:
        level = "info" if unit != "epoch_s" and config.time_bin_days is not None else None
        return unit, [] if level is None else [(level, f"{where}: {config.time} is read as {unit}, since 1970.")]
    return _other_numbers(values, where)


def _other_numbers(values: pl.Series, where: object) -> tuple[str | None, list[tuple[str, str]]]:
    present = values.drop_nulls().sort()
    greatest = float(present[-1]) if len(present) else 0.0
    if 1e7 <= greatest < 1e8:
        try:
            parse_dates(values, "%Y%m%d", where)
        except MisconfigurationException:
            pass
        else:
            return "%Y%m%d", [("info", f"{where}: {values.name} is read as dates such as 20260131.")]
    if greatest >= _MOST_SECONDS or (len(present) and (present >= 1900).all() and greatest < 2100):
        raise MisconfigurationException(
            f"{where}: column {quoted(values.name)} holds neither dates nor one unit since 1970 (it goes from {present[0]} to "
            f"{present[-1]}), which time_bin_days needs; name it in the option date_format, such as epoch_ms."
        )
    return None, [("info", f"{where}: {values.name} goes from {present[0]} to {present[-1]}, and is read as seconds.")]


def parse_times(frame: pl.LazyFrame, time: str | None, date_format: str | None, where: object) -> pl.LazyFrame:
    """Convert times that are texts to dates: as texts, the 31st of March sorts after the 1st of April.

    Args:
        frame: The table.
        time: Column of times; ``None`` changes nothing.
        date_format: What :func:`find_time_format` found.
        where: The table's origin, for messages.
    """
    if time is None:
        return frame
    kind = frame.collect_schema()[time]
    if kind.is_temporal() or (kind.is_numeric() and (date_format is None or date_format in EPOCHS)):
        return frame
    return frame.with_columns(parse_dates(frame.select(time).collect()[time], date_format, where))


def parse_new_times(frame: pl.LazyFrame, time: str | None, date_format: str | None, where: object) -> pl.LazyFrame:
    """Convert the times of pairs to predict by the format that training found.

    Args:
        frame: The pairs; they may lack the column.
        time: Column of times.
        date_format: Format in training; ``None``: dates, or numbers of another size.
        where: The pairs' origin, for messages.

    Raises:
        MisconfigurationException: A time has another format or unit.
    """
    if time is None or time not in frame.collect_schema().names():
        return frame
    values = frame.select(time).collect()[time]
    numbers = values.cast(pl.Float64, strict=False) if values.dtype == pl.String else values
    if not numbers.dtype.is_numeric() or numbers.null_count() > values.null_count():
        return frame.with_columns(parse_dates(values, date_format, where))
    if date_format is not None and date_format not in EPOCHS:
        return frame.with_columns(parse_dates(values, date_format, where))
    unit = time_unit(numbers, where)
    if unit not in (None, date_format):
        raise MisconfigurationException(
            f"{where}: column {quoted(time)} looks like {unit} ({values[0]}), and training had "
            f"{date_format or 'no such numbers'}; write times as in training."
        )
    return frame.with_columns(numbers.alias(time))


def add_time_bins(frame: pl.LazyFrame, time: str | None, days: float | None, date_format: str | None = None) -> pl.LazyFrame:
    """Add the column :data:`TIME_BIN`, in which stretch of ``days`` days since 1970 a row falls.

    Args:
        frame: The table. Without the column ``time``, as of pairs to predict, the bin is unknown.
        time: Column of dates, or of numbers since 1970.
        days: Length of a bin; ``None`` adds nothing.
        date_format: Unit of the numbers, see :func:`find_time_format`; ``None``: seconds.
    """
    if days is None or time is None:
        return frame
    schema = frame.collect_schema()
    if time not in schema.names():
        return frame.with_columns(pl.lit(None, pl.Int64).alias(TIME_BIN))
    column, scale = pl.col(time), EPOCHS.get(date_format or "", 1)
    seconds = column.cast(pl.Datetime).dt.epoch("s") if schema[time].is_temporal() else column if scale == 1 else column / scale
    return frame.with_columns((seconds / (86400 * days)).floor().cast(pl.Int64).alias(TIME_BIN))
