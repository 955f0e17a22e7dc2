"""What a date says: its parts as columns of their own, so that weeks and seasons can be learnt.

**What it does.** Year, month, week, day, day of the week and of the year, the ends of months, quarters and years, days elapsed
and, by choice, public holidays; of a time of day the hour.

**When to use it.** Always where a table has a date: as a mere number it tells of nothing that comes again.

**Source.** fast.ai's ``add_datepart``.
"""

from __future__ import annotations

import polars as pl
from practicum.lightning_shim import MisconfigurationException


def date_parts(column: str, has_time: bool) -> tuple[dict[str, pl.Expr], dict[str, pl.Expr]]:
    """Expressions for the parts of a date.

    Args:
        column: A column of ``Date`` or ``Datetime``.
        has_time: Whether the hour tells anything.

    Returns:
        Categorical parts and numbers, by the name each gets: ``<column>_month`` ...
    """
    date = pl.col(column)
    day = date.dt.date()
    categorical = {
        "month": date.dt.month(),
        "week": date.dt.week(),
        "day": date.dt.day(),
        "day_of_week": date.dt.weekday(),
        "month_start": date.dt.day() == 1,
        "month_end": day == day.dt.month_end(),
        "quarter_start": day == day.dt.truncate("1q"),
        "quarter_end": day.dt.offset_by("1d") == day.dt.offset_by("1d").dt.truncate("1q"),
        "year_start": date.dt.ordinal_day() == 1,
        "year_end": (date.dt.month() == 12) & (date.dt.day() == 31),
    }
    if has_time:
        categorical["hour"] = date.dt.hour()
    numbers = {
        "year": date.dt.year(),
        "day_of_year": date.dt.ordinal_day(),
        "elapsed": day.cast(pl.Int32),  # days since 1970
    }
    return tuple({f"{column}_{part}": each for part, each in parts.items()} for parts in (categorical, numbers))  # type: ignore[return-value]


def holiday_names(dates: pl.Series, where: str) -> pl.Series:
    """The public holiday that each date is, or ``None``.

    Args:
        dates: Of ``Date``.
        where: A country, or a country and a part of it: ``DE``, ``DE-BY``.

    Raises:
        MisconfigurationException: The package is not installed, or doesn't know the place.
    """
    try:
        import holidays  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MisconfigurationException(
            "data.holidays wants the holidays package: pip install 'practicum[holidays]', or data.holidays=null."
        ) from error
    country, _, part = where.partition("-")
    years = sorted({year for year in dates.dt.year().unique().to_list() if year is not None})
    try:
        known = holidays.country_holidays(country, subdiv=part or None, years=years, language="en_US")
    except NotImplementedError as error:
        raise MisconfigurationException(f"data.holidays={where}: {error}") from error
    days = list(known)
    if not days:
        return pl.Series(dates.name, [None] * len(dates), pl.String)
    return dates.replace_strict(days, [known[day] for day in days], default=None, return_dtype=pl.String)
