"""Rossmann's features against a slow plain reference, and that none of them sees the future."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path

import polars as pl
import pytest
from practicum.datamodules.tabular.rossmann_features import MAX_DAYS, add_features, feature_columns
from practicum.datamodules.tabular.rossmann_files import find_file, read_days
from practicum.lightning_shim import MisconfigurationException


def days_of(root: Path, name: str = "train") -> pl.DataFrame:
    path = find_file(root, name)
    assert path is not None
    return read_days(path)


def test_distances_and_counts_equal_a_slow_reference(rossmann_root: Path) -> None:
    days = days_of(rossmann_root).filter(pl.col("Store") <= 3)
    found = add_features(rossmann_root, days, days)
    flags = {
        "Promo": lambda row: row["Promo"] != 0,
        "StateHoliday": lambda row: row["StateHoliday"] != "0",
        "SchoolHoliday": lambda row: row["SchoolHoliday"] != 0,
        "Closed": lambda row: row["Open"] == 0 and row["DayOfWeek"] != 7,
    }
    rows = days.to_dicts()
    held = {
        name: {store: [r["Date"] for r in rows if r["Store"] == store and flag(r)] for store in (1, 2, 3)}
        for name, flag in flags.items()
    }
    week = datetime.timedelta(days=7)
    for row in found.sample(400, seed=1).to_dicts():
        day = row["Date"]
        for name, dates in held.items():
            own = dates[row["Store"]]
            assert row[f"{name}_days_since"] == min([MAX_DAYS, *((day - each).days for each in own if each <= day)])
            assert row[f"{name}_days_until"] == min([MAX_DAYS, *((each - day).days for each in own if each >= day)])
            assert row[f"{name}_week_before"] == sum(day - week < each <= day for each in own)
            assert row[f"{name}_week_after"] == sum(day < each <= day + week for each in own)
        assert (row["Year"], row["Month"], row["Day"]) == (day.year, day.month, day.day)
        assert row["Week"] == day.isocalendar().week


def test_joined_columns_equal_a_slow_reference(rossmann_root: Path) -> None:
    days = days_of(rossmann_root).filter(pl.col("Store") <= 3)

    def read(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file, delimiter=delimiter))

    states = {row["Store"]: row["State"] for row in read(rossmann_root / "store_states.csv")}
    names = {"BE": "Berlin", "BY": "Bayern", "HE": "Hessen", "NW": "NordrheinWestfalen", "SN": "Sachsen"}
    weather = {
        state: {row["Date"]: row for row in read(rossmann_root / "weather" / f"{name}.csv", ";")} for state, name in names.items()
    }
    trend = {state: read(rossmann_root / "googletrend" / f"Rossmann_DE_{state}.csv") for state in names}
    stores = {row["Store"]: row for row in read(rossmann_root / "store.csv")}
    for row in add_features(rossmann_root, days, days).sample(200, seed=2).to_dicts():
        store, state = stores[str(row["Store"])], states[str(row["Store"])]
        of_day = weather[state][row["Date"].isoformat()]
        assert row["State"] == state
        assert row["Mean_TemperatureC"] == float(of_day["Mean_TemperatureC"])
        assert row["Events"] == ("none" if of_day["Events"] == "NA" else of_day["Events"])
        week = next(each for each in trend[state] if each["Woche"][:10] <= row["Date"].isoformat() <= each["Woche"][-10:])
        assert row["trend"] == float(week["Interest"])
        months = (
            (row["Date"].year - int(store["CompetitionOpenSinceYear"])) * 12
            + row["Date"].month
            - int(store["CompetitionOpenSinceMonth"])
        )
        assert row["CompetitionMonths"] == max(-1, min(24, months))
        if store["Promo2"] == "1":
            began = datetime.date.fromisocalendar(int(store["Promo2SinceYear"]), int(store["Promo2SinceWeek"]), 1)
            weeks = max(-1, min(25, (row["Date"] - began).days // 7))
            assert row["Promo2Weeks"] == weeks
            assert row["Promo2Now"] == (weeks >= 0 and row["Date"].strftime("%b") in store["PromoInterval"].split(","))
        else:
            assert row["Promo2Weeks"] is None
            assert row["Promo2Now"] is False


def test_no_feature_sees_the_future(rossmann_root: Path) -> None:
    days = days_of(rossmann_root)
    future = pl.col("Date") > datetime.date(2014, 6, 30)
    changed = days.with_columns(
        Sales=pl.when(future).then(pl.col("Sales") * 7 + 13).otherwise("Sales"),
        Customers=pl.when(future).then(1).otherwise("Customers"),
    )
    wanted = [each for kind in feature_columns(rossmann_root) for each in kind]
    assert (
        add_features(rossmann_root, days, days)
        .select(wanted)
        .equals(add_features(rossmann_root, changed, changed).select(wanted))
    )
    # What lies before a day doesn't depend on the calendar after it either.
    other = days.with_columns(Promo=pl.when(future).then(1 - pl.col("Promo")).otherwise("Promo"))
    behind = [name for name in wanted if name.endswith(("_days_since", "_week_before"))]
    a, b = (add_features(rossmann_root, each, each).filter(~future).select(behind) for each in (days, other))
    assert a.equals(b)


def test_files_that_contradict_each_other_are_refused(rossmann_root: Path, tmp_path: Path) -> None:
    days = days_of(rossmann_root).head(200)
    lines = (rossmann_root / "store.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "store.csv").write_text("\n".join([lines[0], *lines[2:]]), encoding="utf-8")
    with pytest.raises(MisconfigurationException, match="has no row for store 1, which occurs in the sales"):
        add_features(tmp_path, days, days)


def test_columns_follow_the_files(rossmann_root: Path, tmp_path: Path) -> None:
    categorical, continuous = feature_columns(rossmann_root)
    assert {"State", "Events"} <= set(categorical)
    assert {"Mean_TemperatureC", "trend"} <= set(continuous)
    categorical, continuous = feature_columns(tmp_path)
    assert not {"State", "Events"} & set(categorical)
    assert "trend" not in continuous
