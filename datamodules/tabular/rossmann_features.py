"""Features for the Rossmann challenge: one row for each store and day, with what is known of the day beforehand.

**What it does.** Joins stores, states, weather and Google Trends to the days, and adds how far away the last and next promotions
and holidays are, how many there are in the weeks around, and since when a competitor has been open and the store has taken part
in the continuous promotion.

**No feature sees the future**: none is made from sales or customers of any day. What lies ahead in the calendar (promotions,
holidays, opening) is published beforehand, also for the days of Kaggle's test; weather and trends are of the same day, as the
third-placed team used them.

**Source.** Guo & Berkhahn 2016; fast.ai's Rossmann lesson.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.say_once import say_once
from .readers import as_date, require_columns
from .rossmann_files import find_file

MAX_DAYS = 100  # longer distances, and those to nothing, count as this
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


def feature_columns(root: Path) -> tuple[list[str], list[str]]:
    """Categorical and continuous columns that :func:`add_features` makes of the files in ``root``."""
    categorical, continuous = list(CATEGORICAL), list(CONTINUOUS)
    if find_file(root, "store_states") is not None:
        categorical.append("State")
        if any(root.glob("weather/*.csv")):
            categorical.append("Events")
            continuous += _WEATHER
        trends = {each.stem for each in root.glob("googletrend/*.csv")}
        continuous += ["trend_DE"] if "Rossmann_DE" in trends else []
        continuous += ["trend"] if trends - {"Rossmann_DE"} else []
    return categorical, continuous


def add_features(root: Path, days: pl.DataFrame, calendar: pl.DataFrame) -> pl.DataFrame:
    """Add features to days.

    Args:
        root: Folder of the challenge's files.
        days: Rows with the columns of ``train.csv`` or ``test.csv``.
        calendar: All known days, ``days`` included, from which distances and counts are computed.

    Returns:
        ``days`` with the columns of :func:`feature_columns`, in the same order.
    """
    frame = days.with_columns(
        pl.col("Date").dt.year().alias("Year"),
        pl.col("Date").dt.month().alias("Month"),
        pl.col("Date").dt.week().alias("Week"),
        pl.col("Date").dt.day().alias("Day"),
        pl.col("Date").dt.ordinal_day().alias("DayOfYear"),
    )
    frame = frame.join(calendar_features(calendar), on=["Store", "Date"], how="left", maintain_order="left")
    return _join_external(root, _join_stores(root, frame))


def calendar_features(calendar: pl.DataFrame) -> pl.DataFrame:
    """Compute distances to, and counts of, events around each day.

    Events are promotions, state holidays, school holidays and closed days other than Sundays. ``<event>_days_since`` and
    ``_days_until`` include the day itself and are at most :data:`MAX_DAYS`; ``_week_before`` counts the seven days up to and
    including this one, ``_week_after`` the seven after it.

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
        .fill_null(MAX_DAYS)
        .clip(0, MAX_DAYS)
        .alias(f"{name}_days_since")
        for name in flags
    ]
    until = [
        (pl.when(pl.col(name)).then(day).backward_fill().over("Store") - day)
        .fill_null(MAX_DAYS)
        .clip(0, MAX_DAYS)
        .alias(f"{name}_days_until")
        for name in flags
    ]
    count = [pl.col(name).cast(pl.Int32) for name in flags]
    before = [each.rolling_sum_by("Date", "7d", closed="right").over("Store").name.suffix("_week_before") for each in count]
    # A window (t, t + 7] over each store's sorted days.
    following = frame.rolling("Date", period="7d", offset="0d", closed="right", group_by="Store")
    after = following.agg(*(each.sum().name.suffix("_week_after") for each in count))
    frame = frame.select("Store", "Date", *since, *until, *before)
    return frame.join(after, on=["Store", "Date"])


def _join_stores(root: Path, frame: pl.DataFrame) -> pl.DataFrame:
    path = find_file(root, "store")
    assert path is not None
    store = pl.read_csv(path)
    require_columns(path, store.columns, _STORE)
    unknown = frame.join(store, on="Store", how="anti")
    if len(unknown):
        raise MisconfigurationException(f"{path}: has no row for store {unknown['Store'][0]}, which occurs in the sales.")
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


def _join_external(root: Path, frame: pl.DataFrame) -> pl.DataFrame:
    """Join states, weather and trends, if there are such files."""
    path = find_file(root, "store_states")
    if path is None:
        say_once(f"{root}: has no store_states.csv; states, weather and trends are left out.")
        return frame
    states = pl.read_csv(path)
    require_columns(path, states.columns, ("Store", "State"))
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
        raise MisconfigurationException(f"{path}: is not named after a state; known are {', '.join(_STATES)}.")
    frame = pl.read_csv(path, separator=";", null_values=["NA", ""], infer_schema_length=None)
    require_columns(path, frame.columns, ("Date", "Events", *_WEATHER))
    date = as_date(frame["Date"], path).alias("Date")
    numbers = [pl.col(name).cast(pl.Float64) for name in _WEATHER]
    return frame.select(date, pl.lit(_STATES[path.stem]).alias("State"), pl.col("Events").cast(pl.String), *numbers)


def _trend(path: Path) -> pl.DataFrame:
    frame = pl.read_csv(path)
    if len(frame.columns) != 2:
        raise MisconfigurationException(f"{path}: should have two columns, a week (2012-12-02 - 2012-12-08) and its trend.")
    week = frame[frame.columns[0]].str.slice(0, 10).alias("__week")
    return pl.DataFrame([as_date(week, path), frame[frame.columns[1]].cast(pl.Float64).alias("trend")])
