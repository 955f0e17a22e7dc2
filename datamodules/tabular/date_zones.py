"""Time zones of dates: what training had holds for new rows, whatever zone, or offset, these are written in.

**What it does.** A column of Parquet or of a frame may have a time zone; the parts of its dates, such as the hour, are those of
that zone. Its name is kept as a format of its own, ``zone:Europe/Berlin``, and new rows become the same moments in it.
"""

from __future__ import annotations

import re

import polars as pl

from ..files.quoting import quoted
from ..files.say_once import say_once

_ZONE = re.compile(r"zone:([A-Za-z0-9_+\-/:]+)")


def zone_format(values: pl.Series) -> str | None:
    """The format of dates with a time zone; ``None`` for other dates.

    Example:
        >>> import polars as pl
        >>> from practicum.datamodules.tabular.date_zones import zone_format
        >>> zone_format(pl.Series([], dtype=pl.Datetime("us", "UTC")))
        'zone:UTC'
    """
    zone = values.dtype.time_zone if isinstance(values.dtype, pl.Datetime) else None
    return None if zone is None else f"zone:{zone}"


def zone_of(form: str | None) -> str | None:
    """The time zone that a format names, or ``None``."""
    found = _ZONE.fullmatch(form or "")
    return None if found is None else found[1]


def in_zone(dates: pl.Series, form: str | None) -> pl.Series:
    """The same moments in training's zone: of dates with a zone, which else stay as they are.

    Args:
        dates: Dates.
        form: Training's format; one with offsets is in UTC.
    """
    if zone_format(dates) is None:
        return dates
    if (zone := zone_of(form)) is not None:
        return dates.dt.convert_time_zone(zone)
    if form is not None and form.endswith("%z"):
        return dates.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return dates


def texts_in_zone(dates: pl.Series, form: str | None, has_offset: bool, where: object) -> pl.Series:
    """Dates that were texts, in training's zone.

    Args:
        dates: Without a zone: in UTC, or what a clock showed.
        form: Training's format; unless it is a zone, nothing changes.
        has_offset: Whether they are in UTC, as the texts had offsets. Else a clock in that zone showed them; of an hour that
            it shows twice the first is meant, and times that it never shows are missing, which is said.
        where: The table, for that sentence.
    """
    zone = zone_of(form)
    if zone is None or dates.dtype == pl.Date:
        return dates
    if has_offset:
        return dates.dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
    read = dates.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    skipped = (read.is_null() & dates.is_not_null()).arg_true()
    if len(skipped):
        more = f" (and {len(skipped) - 1:,} more rows)" if len(skipped) > 1 else ""
        first = int(skipped[0])
        say_once(
            f"{where}: column {quoted(dates.name)} holds {dates[first]:%Y-%m-%d %H:%M} in row {first + 1:,}{more}, "
            f"which no clock in {zone} shows, as its hour is skipped there; it counts as missing."
        )
    return read
