"""Parts of a date as columns of their own, so that a model can learn weeks and seasons.

**What it does.** ``all``: year, month, week, day, day of week and of year, starts and ends of months, quarters and years, days
since 1970. ``cyclic``: the place in the year as sine and cosine, the day of the week, days since 1970. With times of day also the
hour, and, optionally, public holidays.

**When to use it.** Wherever a table has a date: as one number it has no cycles. ``cyclic`` where newer rows than training's are
predicted and training has few years: each single week or day of ``all`` has been seen once or twice, and says little of another
year's (docs/defaults.md).

**Source.** fast.ai's ``add_datepart``, and its ``add_cyclic_datepart``.
"""

from __future__ import annotations

import math
from typing import Literal

import polars as pl
from practicum.lightning_shim import MisconfigurationException

DateParts = Literal["all", "cyclic"]

_CYCLIC = ("day_of_week", "hour", "year_sin", "year_cos", "elapsed", "holiday")
_ONLY_CYCLIC = ("year_sin", "year_cos")


def chosen_part(name: str, column: str, parts: DateParts) -> bool:
    """Whether a column made of a date is among the parts that were chosen.

    Args:
        name: ``<column>_month`` ...
        column: Name of the date's column.
        parts: The choice.
    """
    part = name.removeprefix(f"{column}_")
    return part in _CYCLIC if parts == "cyclic" else part not in _ONLY_CYCLIC


def date_parts(column: str, has_time: bool) -> tuple[dict[str, pl.Expr], dict[str, pl.Expr]]:
    """Build the expressions for the parts of a date.

    Args:
        column: Name of a ``Date`` or ``Datetime`` column.
        has_time: Whether to include the hour.

    Returns:
        Categorical and continuous parts of either choice by name: ``<column>_month`` ...
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
    year = date.dt.ordinal_day() * (2 * math.pi / 365.25)
    continuous = {
        "year_sin": year.sin(),
        "year_cos": year.cos(),
        "year": date.dt.year(),
        "day_of_year": date.dt.ordinal_day(),
        "elapsed": day.cast(pl.Int32),  # days since 1970
    }
    return tuple({f"{column}_{part}": each for part, each in parts.items()} for parts in (categorical, continuous))  # type: ignore[return-value]


def part_names(column: str) -> set[str]:
    """Names of all columns that a date may become."""
    categorical, continuous = date_parts(column, has_time=True)
    return {*categorical, *continuous, f"{column}_holiday"}


def holiday_names(dates: pl.Series, place: str) -> pl.Series:
    """Name the public holiday on each date; null on other days.

    Args:
        dates: A ``Date`` column.
        place: A country, or a country and its subdivision: ``DE``, ``DE-BY``.

    Raises:
        MisconfigurationException: The package ``holidays`` is not installed, or doesn't know the place.
    """
    try:
        import holidays  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise MisconfigurationException(
            f"holidays={place} needs the package holidays: pip install 'practicum[holidays]', or leave the option out."
        ) from error
    country, _, subdivision = place.partition("-")
    years = sorted({year for year in dates.dt.year().unique().to_list() if year is not None})
    try:
        known = holidays.country_holidays(country, subdiv=subdivision or None, years=years, language="en_US")
    except NotImplementedError as error:
        raise MisconfigurationException(f"holidays={place}: {error}") from error
    days = list(known)
    if not days:
        return pl.Series(dates.name, [None] * len(dates), pl.String)
    return dates.replace_strict(days, [known[day] for day in days], default=None, return_dtype=pl.String)
