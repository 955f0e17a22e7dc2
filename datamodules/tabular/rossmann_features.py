"""From Kaggle's Rossmann files to one table: a row for each store and day, with all that is known of that day beforehand.

**What it does.** Joins stores, states, weather and Google's trend to the days, and tells of each day how far promotions and
holidays lie before and behind it, how many there are in the weeks around, since when a competitor is there and the store takes
part in the long promotion.

**No feature sees the future**: none is made from sales or customers, of whatever day. What lies ahead in the calendar
(promotions, holidays, opening) is published beforehand, also for the days that Kaggle asks about; weather and trend are of the
day, as the third-placed team had them.

**Source.** Guo & Berkhahn 2016; fast.ai's Rossmann lesson.
"""

from __future__ import annotations

import logging
from pathlib import Path

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from .readers import as_date, require, unreadable

log = logging.getLogger(__name__)

FAR = 100  # days; what lies further away, or nowhere, is as far as this
_STATES = {
    "BadenWuerttemberg": "BW",
    "Bayern": "BY",
    "Berlin": "BE",
    "Brandenburg": "BB",
    "Bremen": "HB",
    "Hamburg": "HH",
    "Hessen": "HE",
    "MecklenburgVorpommern": "MV",
    "Niedersachsen": "HB,NI",
    "NordrheinWestfalen": "NW",
    "RheinlandPfalz": "RP",
    "Saarland": "SL",
    "Sachsen": "SN",
    "SachsenAnhalt": "ST",
    "SchleswigHolstein": "SH",
    "Thueringen": "TH",
}
CALENDAR = ("Store", "DayOfWeek", "Date", "Open", "Promo", "StateHoliday", "SchoolHoliday")
_STORE = (
    "Store", "StoreType", "Assortment", "CompetitionDistance", "CompetitionOpenSinceMonth", "CompetitionOpenSinceYear", "Promo2",
    "Promo2SinceWeek", "Promo2SinceYear", "PromoInterval",
)  # fmt: skip
_WEATHER = (
    "Max_TemperatureC", "Mean_TemperatureC", "Min_TemperatureC", "Max_Humidity", "Mean_Humidity", "Min_Humidity",
    "Max_Wind_SpeedKm_h", "Mean_Wind_SpeedKm_h", "CloudCover", "Precipitationmm",
)  # fmt: skip

_AROUND = ("Promo", "StateHoliday", "SchoolHoliday", "Closed")
CATEGORICAL = (
    "Store", "DayOfWeek", "Year", "Month", "Week", "Day", "Promo", "StateHoliday", "SchoolHoliday", "StoreType", "Assortment",
    "PromoInterval", "CompetitionMonths", "Promo2Weeks", "Promo2Now",
    *(f"{what}_week_{when}" for what in _AROUND for when in ("before", "after")),
)  # fmt: skip
CONTINUOUS = (
    "CompetitionDistance", "DayOfYear", *(f"{what}_days_{when}" for what in _AROUND for when in ("since", "until"))
)  # fmt: skip


def columns(root: Path) -> tuple[list[str], list[str]]:
    """Categorical and continuous columns that :func:`features` makes of the files that are there."""
    categorical, continuous = list(CATEGORICAL), list(CONTINUOUS)
    if find(root, "store_states") is not None:
        categorical.append("State")
        if any(root.glob("weather/*.csv")):
            categorical.append("Events")
            continuous += _WEATHER
        trends = {each.stem for each in root.glob("googletrend/*.csv")}
        continuous += ["trend_DE"] if "Rossmann_DE" in trends else []
        continuous += ["trend"] if trends - {"Rossmann_DE"} else []
    return categorical, continuous


def find(root: Path, name: str) -> Path | None:
    """A file of the challenge, plain or by gzip."""
    return next((each for each in (root / f"{name}.csv", root / f"{name}.csv.gz") if each.is_file()), None)


def files(root: Path) -> list[Path]:
    """All files that are read.

    Raises:
        MisconfigurationException: Sales or stores are missing.
    """
    found = []
    for name in ("train", "store"):
        path = find(root, name)
        if path is None:
            held = ", ".join(sorted(each.name for each in root.iterdir())[:8]) if root.is_dir() else "nothing"
            raise MisconfigurationException(
                f"data.root={root}: has no {name}.csv or {name}.csv.gz (it holds {held or 'nothing'}); wanted is what `kaggle "
                "competitions download -c rossmann-store-sales` fetches, unpacked."
            )
        found.append(path)
    more = [path for name in ("test", "store_states") if (path := find(root, name)) is not None]
    return found + more + sorted([*root.glob("weather/*.csv"), *root.glob("googletrend/*.csv")])


def read_days(path: Path) -> pl.DataFrame:
    """``train.csv`` or ``test.csv``: a row for each store and day.

    Raises:
        MisconfigurationException: Not such a file.
    """
    try:
        frame = pl.read_csv(path, schema_overrides={"StateHoliday": pl.String}, infer_schema_length=10_000)
    except pl.exceptions.PolarsError as error:
        raise unreadable(path, error) from error
    require(path, frame.columns, CALENDAR)
    date = as_date(frame["Date"], path)
    return frame.with_columns(
        date.alias("Date"), pl.col("Open").fill_null(1)
    )  # Kaggle's test leaves a few days of one store open


def features(root: Path, days: pl.DataFrame, calendar: pl.DataFrame) -> pl.DataFrame:
    """Features of some days.

    Args:
        root: Folder of the challenge's files.
        days: Columns of ``train.csv`` or ``test.csv``; the rows that features are wanted of.
        calendar: All days that are known of, with ``days`` among them: distances and sums are taken over these.

    Returns:
        ``days`` with the columns that :func:`columns` names, in the order of ``days``.
    """
    frame = days.with_columns(
        pl.col("Date").dt.year().alias("Year"),
        pl.col("Date").dt.month().alias("Month"),
        pl.col("Date").dt.week().alias("Week"),
        pl.col("Date").dt.day().alias("Day"),
        pl.col("Date").dt.ordinal_day().alias("DayOfYear"),
    )
    frame = frame.join(around(calendar), on=["Store", "Date"], how="left", maintain_order="left")
    return _outside(root, _of_store(root, frame))


def around(calendar: pl.DataFrame) -> pl.DataFrame:
    """What lies before and behind each day: days since and until the last and next promotion, holiday and closed day (no Sunday),
    this one included, at most :data:`FAR`; and how many there are in the seven days up to this one, and in those after it.

    Args:
        calendar: Columns ``Store Date DayOfWeek Open Promo StateHoliday SchoolHoliday``.
    """
    flags = {
        "Promo": pl.col("Promo") != 0,
        "StateHoliday": pl.col("StateHoliday") != "0",
        "SchoolHoliday": pl.col("SchoolHoliday") != 0,
        "Closed": (pl.col("Open") == 0) & (pl.col("DayOfWeek") != 7),
    }
    frame = calendar.unique(["Store", "Date"], keep="first", maintain_order=True).sort("Store", "Date")
    frame = frame.select("Store", "Date", *(flag.alias(name) for name, flag in flags.items()))
    day = pl.col("Date").cast(pl.Int32)
    since = [
        (day - pl.when(pl.col(name)).then(day).forward_fill().over("Store"))
        .fill_null(FAR)
        .clip(0, FAR)
        .alias(f"{name}_days_since")
        for name in flags
    ]
    until = [
        (pl.when(pl.col(name)).then(day).backward_fill().over("Store") - day)
        .fill_null(FAR)
        .clip(0, FAR)
        .alias(f"{name}_days_until")
        for name in flags
    ]
    count = [pl.col(name).cast(pl.Int32) for name in flags]
    before = [each.rolling_sum_by("Date", "7d", closed="right").over("Store").name.suffix("_week_before") for each in count]
    # Of each store's days in their order: (t, t + 7] is a window that begins at its own row.
    following = frame.rolling("Date", period="7d", offset="0d", closed="right", group_by="Store")
    after = following.agg(*(each.sum().name.suffix("_week_after") for each in count))
    frame = frame.select("Store", "Date", *since, *until, *before)
    return frame.join(after, on=["Store", "Date"])


def _of_store(root: Path, frame: pl.DataFrame) -> pl.DataFrame:
    path = find(root, "store")
    assert path is not None
    store = pl.read_csv(path)
    require(path, store.columns, _STORE)
    unknown = frame.join(store, on="Store", how="anti")
    if len(unknown):
        raise MisconfigurationException(f"{path}: has no row for store {unknown['Store'][0]}, which the sales have.")
    months = (pl.col("Year") - pl.col("CompetitionOpenSinceYear")) * 12 + pl.col("Month") - pl.col("CompetitionOpenSinceMonth")
    began = pl.date(pl.col("Promo2SinceYear"), 1, 4).dt.truncate("1w") + pl.duration(weeks=pl.col("Promo2SinceWeek") - 1)
    weeks = ((pl.col("Date").cast(pl.Int32) - began.cast(pl.Int32)) // 7).clip(-1, 25)
    name = pl.col("Date").dt.strftime("%b").replace("Sep", "Sept")  # as Kaggle writes it
    now = (weeks >= 0) & pl.col("PromoInterval").str.split(",").list.contains(name)
    return frame.join(store, on="Store", how="left", maintain_order="left").with_columns(
        pl.col("CompetitionDistance").log1p(),
        months.clip(-1, 24).alias("CompetitionMonths"),
        weeks.alias("Promo2Weeks"),
        now.fill_null(False).alias("Promo2Now"),
    )


def _outside(root: Path, frame: pl.DataFrame) -> pl.DataFrame:
    """State, weather and trend, where their files are there."""
    path = find(root, "store_states")
    if path is None:
        log.warning(f"data.root={root}: has no store_states.csv; states, weather and trend are left out.")
        return frame
    states = pl.read_csv(path)
    require(path, states.columns, ("Store", "State"))
    frame = frame.join(states, on="Store", how="left", maintain_order="left")
    weather = [_weather(each) for each in sorted(root.glob("weather/*.csv"))]
    if weather:
        frame = frame.join(pl.concat(weather), on=["State", "Date"], how="left", maintain_order="left")
        frame = frame.with_columns(pl.col("Events").fill_null("none"))
    trend = {each.stem.removeprefix("Rossmann_DE").removeprefix("_"): _trend(each) for each in root.glob("googletrend/*.csv")}
    sunday = pl.col("Date").dt.offset_by("1d").dt.truncate("1w").dt.offset_by("-1d")  # Google's weeks begin on Sundays
    frame = frame.with_columns(sunday.alias("__week"))
    if "" in trend:
        frame = frame.join(trend.pop("").rename({"trend": "trend_DE"}), on="__week", how="left", maintain_order="left")
    if trend:
        names = {"NI": "HB,NI"}
        parts = [each.with_columns(pl.lit(names.get(state, state)).alias("State")) for state, each in sorted(trend.items())]
        frame = frame.join(pl.concat(parts), on=["State", "__week"], how="left", maintain_order="left")
    return frame.drop("__week")


def _weather(path: Path) -> pl.DataFrame:
    if path.stem not in _STATES:
        raise MisconfigurationException(f"{path}: is named after no state; known are {', '.join(_STATES)}.")
    frame = pl.read_csv(path, separator=";", null_values=["NA", ""], infer_schema_length=None)
    require(path, frame.columns, ("Date", "Events", *_WEATHER))
    date = as_date(frame["Date"], path).alias("Date")
    numbers = [pl.col(name).cast(pl.Float64) for name in _WEATHER]
    return frame.select(date, pl.lit(_STATES[path.stem]).alias("State"), pl.col("Events").cast(pl.String), *numbers)


def _trend(path: Path) -> pl.DataFrame:
    frame = pl.read_csv(path)
    if len(frame.columns) != 2:
        raise MisconfigurationException(f"{path}: wanted are two columns, a week (2012-12-02 - 2012-12-08) and its trend.")
    week = frame[frame.columns[0]].str.slice(0, 10).alias("__week")
    return pl.DataFrame([as_date(week, path), frame[frame.columns[1]].cast(pl.Float64).alias("trend")])
