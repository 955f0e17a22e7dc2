"""Parts of a date in tensor arithmetic: the columns that :mod:`practicum.datamodules.tabular.date_parts` makes, inside a graph.

**Source.** The calendar: Howard Hinnant, "chrono-compatible low-level date algorithms" (``civil_from_days``).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

MISSING = torch.iinfo(torch.int64).min  # NumPy's NaT
_DAY = 86_400  # seconds


def civil(days: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Year, month and day of the month.

    Args:
        days: Days since 1970 ``int64 [N]``.

    Example:
        >>> import torch
        >>> from practicum.cli.exports.date_graph import civil
        >>> [each.item() for each in civil(torch.tensor([19782]))]
        [2024, 2, 29]
    """
    shifted = days + 719_468  # since 0000-03-01
    era = _floor(shifted, 146_097)
    of_era = shifted - era * 146_097
    year_of_era = _floor(of_era - _floor(of_era, 1460) + _floor(of_era, 36_524) - _floor(of_era, 146_096), 365)
    of_year = of_era - (365 * year_of_era + _floor(year_of_era, 4) - _floor(year_of_era, 100))
    shifted_month = _floor(5 * of_year + 2, 153)
    day = of_year - _floor(153 * shifted_month + 2, 5) + 1
    month = torch.where(shifted_month < 10, shifted_month + 3, shifted_month - 9)
    return year_of_era + era * 400 + (month <= 2).long(), month, day


def days_of(year: Tensor, month: Tensor, day: Tensor) -> Tensor:
    """Days since 1970, the inverse of :func:`civil`.

    Args:
        year: ``int64 [N]``.
        month: From 1.
        day: From 1.
    """
    year = year - (month <= 2).long()
    era = _floor(year, 400)
    of_era = year - era * 400
    of_year = _floor(153 * torch.where(month > 2, month - 3, month + 9) + 2, 5) + day - 1
    return era * 146_097 + of_era * 365 + _floor(of_era, 4) - _floor(of_era, 100) + of_year - 719_468


def graph_date_parts(moments: Tensor, has_time: bool) -> tuple[dict[str, Tensor], Tensor]:
    """Parts by name, as of :func:`practicum.datamodules.tabular.date_parts.date_parts`, without the column's name before them.

    Args:
        moments: Days since 1970 ``int64 [N]``, with ``has_time`` seconds; :data:`MISSING`: no date.
        has_time: Whether there is an hour.

    Returns:
        Whole numbers (yes and no are 1 and 0) and float64 ``[N]`` each, those of missing dates without meaning; and which dates
        are missing ``bool [N]``.
    """
    missing = moments == MISSING
    moments = moments.masked_fill(missing, 0)
    days = _floor(moments, _DAY) if has_time else moments
    year, month, day = civil(days)
    one = torch.ones_like(month)
    of_year = days - days_of(year, one, one) + 1
    weekday = (days + 3) - 7 * _floor(days + 3, 7)  # Monday is 0
    thursday = days + 3 - weekday  # of the same ISO week, whose year is the week's
    first = days_of(civil(thursday)[0], one, one)
    _, tomorrow_month, tomorrow_day = civil(days + 1)
    last_day = tomorrow_day == 1
    parts = {
        "month": month,
        "week": _floor(thursday - first, 7) + 1,
        "day": day,
        "day_of_week": weekday + 1,
        "month_start": (day == 1).long(),
        "month_end": last_day.long(),
        "quarter_start": ((day == 1) & ((month - 1) - 3 * _floor(month - 1, 3) == 0)).long(),
        "quarter_end": (last_day & ((tomorrow_month - 1) - 3 * _floor(tomorrow_month - 1, 3) == 0)).long(),
        "year_start": (of_year == 1).long(),
        "year_end": ((month == 12) & (day == 31)).long(),
        "year_sin": (of_year.double() * (2 * math.pi / 365.25)).sin(),
        "year_cos": (of_year.double() * (2 * math.pi / 365.25)).cos(),
        "year": year,
        "day_of_year": of_year,
        "elapsed": days,
    }
    return parts | ({"hour": _floor(moments - days * _DAY, 3600)} if has_time else {}), missing


def _floor(numbers: Tensor, divisor: int) -> Tensor:
    return torch.div(numbers, divisor, rounding_mode="floor")
