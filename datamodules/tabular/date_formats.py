"""Formats of dates: found in training, kept in ``steps.json``, and applied to new rows, so that 05/11 never changes its month.

**What it does.** :func:`find_format` looks for the formats that all values of a column have. If there are several (``05/11/2021``
may be in May or in November), it takes the first and says so; the option ``date_format`` decides. :func:`parse_dates` reads a
column in one format and refuses what does not have it.

**Formats** are those of Python's ``strptime`` (``%d/%m/%Y``), where ``%S`` includes a fraction and ``%z`` is ``Z`` or an offset,
whose times become UTC; ``epoch_s``, ``epoch_ms``, ``epoch_us``, ``epoch_ns``: units of time since 1970; and ``zone:UTC`` ...: of
dates that have a time zone (:mod:`.date_zones`).

**Defaults.** Years of two digits are 1970 to 2069.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NoReturn

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import quoted
from ..files.say_once import say_once
from .date_reading import SHAPES, pattern, read_dates
from .date_zones import in_zone, texts_in_zone, zone_format, zone_of

EPOCHS = {"epoch_s": 1, "epoch_ms": 10**3, "epoch_us": 10**6, "epoch_ns": 10**9}  # units per second
_EPOCH_NAMES = {"epoch_s": "seconds", "epoch_ms": "milliseconds", "epoch_us": "microseconds", "epoch_ns": "nanoseconds"}
_DIGITS = {"epoch_s": (9, 10), "epoch_ms": (12, 13), "epoch_us": (15, 16), "epoch_ns": (18, 19)}  # from 1973 to 2286
_DATES = (
    "%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%Y%m%d",
    "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%d/%b/%Y", "%b %d, %Y", "%b %d %Y",
    "%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%y/%m/%d", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%d-%b-%y", "%d %b %y",
    "%Y-%m", "%m/%Y", "%Y/%m", "%m.%Y", "%b %Y",
)  # fmt: skip
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%I:%M:%S%p", "%I:%M%p")
_TIMES = (
    *(f"{date}{gap}{clock}{zone}" for date in _DATES if "%d" in date and date != "%Y%m%d"
      for gap in (" ", "T", ", ") for clock in _CLOCKS for zone in ("", "%z", " %z")),
    "%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%S%z", "%Y%m%d %H:%M:%S", "%Y%m%d %H:%M",
)  # fmt: skip
FORMATS = (*_DATES, *_TIMES)
_DATE_OF = {form: max((date for date in _DATES if form.startswith(date)), key=len) for form in FORMATS}
_ISO = tuple(each for each in FORMATS if each.startswith("%Y-%m-%d"))
_SAMPLE = 200  # distinct values by which most formats are ruled out before the whole column is read


def check_format(owner: str, date_format: str | None) -> None:
    """Check the option ``date_format``.

    Args:
        owner: Name of the class, for the message.
        date_format: The option.

    Raises:
        MisconfigurationException: It is no format, see the module.
    """
    if date_format is None or date_format in EPOCHS or zone_of(str(date_format)):
        return
    directives = re.findall(r"%(.?)", str(date_format).replace(".%f", ""))
    unknown = [each for each in directives if each not in SHAPES]
    has_date = {"j"} & {*directives} or {"m", "b", "B"} & {*directives}
    if unknown or not {"Y", "y"} & {*directives} or not has_date or "%z" in str(date_format)[:-2]:
        raise MisconfigurationException(
            f"{owner}: date_format={date_format} must name year and month, such as %d/%m/%Y or %Y-%m-%dT%H:%M:%S%z, or be one of "
            f"{', '.join(EPOCHS)}{f'; %{unknown[0]} is not known' if unknown else ''}."
        )


def find_format(values: pl.Series, where: object, told: str | None = None) -> tuple[str | None, list[str]]:
    """Find the format of a column of dates.

    Args:
        values: Dates, or strings or numbers in one common format.
        where: The table, for messages.
        told: The format, if the user set it.

    Returns:
        The format, that of its zone or ``None`` for a column of dates; and sentences on what was guessed.

    Raises:
        MisconfigurationException: The values share no format, or don't have the one that was told; the message names a row.
    """
    text = date_text(values, where)
    if text is None:
        return zone_format(values), []
    if told is not None:
        parse_dates(values, told, where, told=True)
        return told, []
    if not (present := len(text) - text.null_count()):
        raise MisconfigurationException(f"{where}: column {quoted(values.name)} should be a date, but has no value.")
    epochs = _epoch_units(text)
    if epochs is not None and len({*epochs.drop_nulls()}) > 1:
        _refuse_mixed_units(text, epochs, where)
    sample = text.drop_nulls().unique(maintain_order=True).head(_SAMPLE).to_list()
    fitting, best, most = [], "", 0
    for form in formats_of(sample):
        count = len(text) - read_dates(text, form).null_count()
        if count == present:
            fitting.append(form)
        elif count > most:
            best, most = form, count
    if fitting:
        return fitting[0], _guesses(text, fitting, where)
    if epochs is not None and epochs.null_count() == text.null_count():
        unit = str(epochs.drop_nulls()[0])
        return unit, [
            f"{where}: column {quoted(values.name)} is read as {_EPOCH_NAMES[unit]} since 1970; date_format decides otherwise."
        ]
    _refuse(values, text, best, where, "or name it in the option date_format")


def parse_dates(values: pl.Series, form: str | None, where: object, told: bool = False) -> pl.Series:
    """Read a column of dates in one format.

    Args:
        values: Dates; or strings or numbers in the format, or all in ISO 8601, which can't be mistaken.
        form: The format; ``None``, or a time zone: training had dates rather than texts. Then an ambiguous one is refused.
        where: The table, for the message.
        told: Whether the user set the format for this very table, so that the option may be what is wrong.

    Returns:
        ``Date``, or ``Datetime`` if the format has times of day.

    Raises:
        MisconfigurationException: A value has another format; the message names its row.
    """
    text = date_text(values, where)
    if text is None:
        return in_zone(values, form)
    if form is None or zone_of(form):
        return _unlike_texts(values, text, form, where)
    if form in EPOCHS:
        units = _epoch_units(text)
        other = pl.repeat(False, len(text), eager=True) if units is None else (units != form).fill_null(False)
        parsed = _from_epoch(text, form).set(other, None)
    else:
        parsed = read_dates(text, form)
    if parsed.null_count() == text.null_count():
        return parsed
    for iso in _ISO:
        if (read := read_dates(text, iso)).null_count() == text.null_count():
            return read
    _refuse(values, text, form, where, "or correct the option date_format" if told else "as training had them", parsed)


def _unlike_texts(values: pl.Series, text: pl.Series, trained: str | None, where: object) -> pl.Series:
    """Read texts or numbers where training had dates, by the only format that they may have."""
    form, guesses = find_format(values, where)
    assert form is not None
    if form in EPOCHS:
        return texts_in_zone(parse_dates(values, form, where), trained, True, where)
    dates = read_dates(text, form)
    others = (read_dates(text, each) for each in formats_of(text.drop_nulls().unique().head(_SAMPLE).to_list()) if each != form)
    if any(other.null_count() == text.null_count() and not other.equals(dates) for other in others):
        raise MisconfigurationException(
            f"{where}: column {quoted(values.name)} may be read with days or with months first, and training had dates rather "
            "than texts to compare with; write 2026-01-31, or set date_format in training."
        )
    for each in guesses if trained is None else ():
        say_once(each)
    return texts_in_zone(dates, trained, form.endswith("%z"), where)


def date_text(values: pl.Series, where: object) -> pl.Series | None:
    """A column of dates as text without blanks at its ends; ``None`` if it has a type of dates.

    Raises:
        MisconfigurationException: Its type is neither that of dates nor of texts nor of numbers.
    """
    dtype = values.dtype
    if dtype in (pl.Date, pl.Datetime):
        return None
    if dtype.is_float() and (values.drop_nulls().floor() == values.drop_nulls()).all() and values.is_not_null().any():
        values = values.cast(pl.Int64, strict=False)
    if values.dtype.is_integer() or values.dtype in (pl.Categorical, pl.Enum):
        return values.cast(pl.String)
    if dtype == pl.Null:
        return values.cast(pl.String)
    if dtype != pl.String:
        raise MisconfigurationException(f"{where}: column {quoted(values.name)} has type {dtype}, not a date.")
    return values.str.strip_chars()


def time_unit(values: pl.Series, where: object) -> str | None:
    """The unit since 1970 that all numbers of a column have by their size; ``None`` for other numbers, such as 1, 2, 3.

    Raises:
        MisconfigurationException: Some are, say, seconds and others milliseconds; the message names a row of each.
    """
    text = values.cast(pl.Float64).floor().cast(pl.Int64, strict=False).cast(pl.String)
    units = _epoch_units(text)
    if units is None:
        return None
    if len({*units.drop_nulls()}) > 1:
        _refuse_mixed_units(text, units, where)
    return str(units.drop_nulls()[0]) if units.null_count() == text.null_count() else None


def formats_of(sample: list[str]) -> Iterator[str]:
    """Yield the formats that any text has. A thousand patterns take half a second: only those of a date that begins a text."""
    dates = {date for date in _DATES if any(pattern(date).match(each) for each in sample)}
    for form in FORMATS:
        if _DATE_OF[form] in dates and any(pattern(form).fullmatch(each) for each in sample):
            yield form


def _epoch_units(text: pl.Series) -> pl.Series | None:
    """The unit since 1970 that each number has by its number of digits; ``None`` if no value is such a number."""
    digits = text.str.extract(r"^-?(\d+)(?:\.\d+)?$").str.len_chars()
    units = digits.replace_strict(
        {count: unit for unit, counts in _DIGITS.items() for count in counts}, default=None, return_dtype=pl.String
    )
    return units if units.is_not_null().any() else None


def _from_epoch(text: pl.Series, unit: str) -> pl.Series:
    whole = text.str.extract(r"^(-?\d+)(?:\.\d*)?$").cast(pl.Int64, strict=False)
    scale = EPOCHS[unit]
    micros = whole * (10**6 // scale) if scale <= 10**6 else whole // (scale // 10**6)
    return micros.cast(pl.Datetime("us"))


def _guesses(text: pl.Series, fitting: Sequence[str], where: object) -> list[str]:
    chosen, others = fitting[0], fitting[1:]
    notes, dates = [], read_dates(text, chosen)
    if others:
        row = int([*(dates != read_dates(text, others[0])).fill_null(False).arg_true(), text.is_not_null().arg_true()[0]][0])
        notes.append(
            f"{where}: all of column {quoted(text.name)} may be {' or '.join([chosen, *others])}; it is read as {chosen}, so "
            f"that {quoted(text[row])} is {dates[row]:%d %B %Y}. If that is wrong, set date_format={others[0]}."
        )
    if "%y" in chosen:
        notes.append(
            f"{where}: years of column {quoted(text.name)} have two digits; read as 1970 to 2069, it goes from {dates.min()!s} "
            f"to {dates.max()!s}."
        )
    if chosen.endswith("%z") and not text.str.contains("[Zz]$").all():
        notes.append(f"{where}: times of column {quoted(text.name)} have offsets; they are converted to UTC.")
    return notes


def _refuse_mixed_units(text: pl.Series, units: pl.Series, where: object) -> None:
    first, *others = units.drop_nulls().unique(maintain_order=True).to_list()
    row, other = (int((units == unit).fill_null(False).arg_true()[0]) for unit in (first, others[0]))
    raise MisconfigurationException(
        f"{where}: column {quoted(text.name)} mixes units of time: row {row + 1:,} ({text[row]}) looks like "
        f"{_EPOCH_NAMES[first]} since 1970 and row {other + 1:,} ({text[other]}) like {_EPOCH_NAMES[others[0]]}; write all in "
        "one unit."
    )


def _refuse(
    values: pl.Series, text: pl.Series, form: str, where: object, advice: str, parsed: pl.Series | None = None
) -> NoReturn:
    if values.dtype.is_numeric() and not form:
        row = text.is_not_null().arg_true()[0]
        hint = "a year alone" if re.fullmatch(r"(19|20)\d{2}", text[row]) else "a number that is no date"
        raise MisconfigurationException(
            f"{where}: column {quoted(values.name)} has type {values.dtype}, not a date: {text[row]} is {hint}; write 2026-01-31."
        )
    read = parsed if parsed is not None else read_dates(text, form) if form else text.set(text.is_not_null(), None)
    row = int((read.is_null() & text.is_not_null()).arg_true()[0])
    found = f"it reads as {form} but row {row + 1:,} does not" if form else f"row {row + 1:,} is not one"
    if "%Y" in form and re.search(r"\b(?:0\d{3}|1[0-4]\d\d|2[2-9]\d\d|[3-9]\d{3})\b", text[row]):
        advice += "; years are 1500 to 2199: leave dates blank that stand for none"
    raise MisconfigurationException(
        f"{where}: column {quoted(values.name)} should be a date: {found} ({quoted(values[row])}); write all dates in the same "
        f"format, preferably 2026-01-31, {advice}."
    )
