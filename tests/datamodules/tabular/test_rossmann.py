"""Rossmann's features against a slow plain reference, and that none of them sees the future."""

from __future__ import annotations

import csv
import datetime
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from practicum.datamodules import Rossmann, Stores
from practicum.datamodules.synthetic.stores import best_rmspe, draw_stores
from practicum.datamodules.tabular.rossmann_features import FAR, columns, features, find, read_days
from pytorch_lightning.utilities.exceptions import MisconfigurationException


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "stores"
    draw_stores(folder)
    return folder


def days_of(root: Path, name: str = "train") -> pl.DataFrame:
    path = find(root, name)
    assert path is not None
    return read_days(path)


def test_distances_and_sums_equal_a_slow_reference(root: Path) -> None:
    days = days_of(root).filter(pl.col("Store") <= 3)
    found = features(root, days, days)
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
            assert row[f"{name}_days_since"] == min([FAR, *((day - each).days for each in own if each <= day)])
            assert row[f"{name}_days_until"] == min([FAR, *((each - day).days for each in own if each >= day)])
            assert row[f"{name}_week_before"] == sum(day - week < each <= day for each in own)
            assert row[f"{name}_week_after"] == sum(day < each <= day + week for each in own)
        assert (row["Year"], row["Month"], row["Day"]) == (day.year, day.month, day.day)
        assert row["Week"] == day.isocalendar().week


def test_what_is_joined_equals_a_slow_reference(root: Path) -> None:
    days = days_of(root).filter(pl.col("Store") <= 3)

    def read(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
        with open(path, newline="") as file:
            return list(csv.DictReader(file, delimiter=delimiter))

    states = {row["Store"]: row["State"] for row in read(root / "store_states.csv")}
    names = {"BE": "Berlin", "BY": "Bayern", "HE": "Hessen", "NW": "NordrheinWestfalen", "SN": "Sachsen"}
    weather = {state: {row["Date"]: row for row in read(root / "weather" / f"{name}.csv", ";")} for state, name in names.items()}
    trend = {state: read(root / "googletrend" / f"Rossmann_DE_{state}.csv") for state in names}
    stores = {row["Store"]: row for row in read(root / "store.csv")}
    for row in features(root, days, days).sample(200, seed=2).to_dicts():
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


def test_no_feature_sees_the_future(root: Path) -> None:
    days = days_of(root)
    future = pl.col("Date") > datetime.date(2014, 6, 30)
    changed = days.with_columns(
        Sales=pl.when(future).then(pl.col("Sales") * 7 + 13).otherwise("Sales"),
        Customers=pl.when(future).then(1).otherwise("Customers"),
    )
    wanted = [each for kind in columns(root) for each in kind]
    assert features(root, days, days).select(wanted).equals(features(root, changed, changed).select(wanted))
    # And of the past not even the calendar to come matters to what lies behind a day.
    other = days.with_columns(Promo=pl.when(future).then(1 - pl.col("Promo")).otherwise("Promo"))
    behind = [name for name in wanted if name.endswith(("_days_since", "_week_before"))]
    a, b = (features(root, each, each).filter(~future).select(behind) for each in (days, other))
    assert a.equals(b)


def test_closed_days_and_the_last_weeks(root: Path, tmp_path: Path) -> None:
    data = Rossmann(str(root), valid_days=42, cache=tmp_path)
    data.prepare_data()
    data.setup("fit")
    valid = data.originals("valid")
    assert valid["Sales"].min() > 0  # type: ignore[operator]
    assert set(valid["Open"]) == {1}
    assert valid["Date"].min() >= datetime.date(2014, 11, 20)  # type: ignore[operator]
    facts = data.describe()
    assert "Sales" not in facts["categories"]
    assert not {"Sales", "Customers"} & set(facts["continuous"])
    paper = Rossmann(str(root), use="paper", cache=tmp_path, split="time", valid_fraction=0.1)
    paper.prepare_data()
    assert set(paper.describe()["categories"]) == {"Store", "DayOfWeek", "Promo", "Year", "Month", "Day", "State"}


def test_the_best_error_is_what_no_factor_beats(root: Path) -> None:
    noise = np.exp(np.random.default_rng(0).normal(0, 0.1, 100_000))
    tried = min(float(np.sqrt(((factor / noise - 1) ** 2).mean())) for factor in np.linspace(0.9, 1.05, 301))
    assert best_rmspe(noise) == pytest.approx(tried, rel=1e-4)
    assert json.loads((root / "answer.json").read_text())["rmspe"] == pytest.approx(np.sqrt(1 - np.exp(-0.01)), rel=0.03)


def test_days_asked_about_become_a_submission(root: Path, tmp_path: Path) -> None:
    data: Any = Stores(str(root), valid_days=42, cache=tmp_path / "cache", keep=tmp_path)
    data.prepare_data()
    data.setup("fit")
    data.predict_from(data.asked())
    rows = data.row_columns("predict")
    answer = data.submission({**rows, "predicted": [100.0] * len(rows["Id"])})
    assert list(answer) == ["Id", "Sales"]
    with open(root / "sample_submission.csv", newline="") as file:
        assert [int(row["Id"]) for row in csv.DictReader(file)] == list(answer["Id"])
    assert {sales for sales, is_open in zip(answer["Sales"], rows["Open"], strict=True) if not is_open} == {0.0}


def test_a_run_needs_the_challenges_files_no_more(root: Path, tmp_path: Path) -> None:
    moved, keep = shutil.copytree(root, tmp_path / "files"), tmp_path / "run"
    data: Any = Stores(str(moved), valid_days=42, cache=tmp_path / "cache", keep=keep)
    data.prepare_data()
    data.setup("fit")
    found = []
    for gone in (keep / "rossmann", moved):  # first by the files alone, then by what was kept of them
        aside = gone.rename(tmp_path / "aside")
        data = Stores(str(moved), valid_days=42, keep=keep)
        data.predict_from(root / "test.csv")
        found.append(next(iter(data.predict_dataloader()))[0])
        aside.rename(gone)
    for was, now in zip(*found, strict=True):
        assert was.equal(now)


def test_what_is_missing_is_named(root: Path, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=r"has no train.csv or train.csv.gz \(it holds nothing\)"):
        Rossmann(str(tmp_path), cache=tmp_path / "cache").prepare_data()
    with pytest.raises(MisconfigurationException, match=r"data.root is missing"):
        Rossmann(None)
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "train.csv").write_bytes((root / "train.csv").read_bytes())
    lines = (root / "store.csv").read_text().splitlines()
    (folder / "store.csv").write_text("\n".join([lines[0], *lines[2:]]))
    with pytest.raises(MisconfigurationException, match="has no row for store 1, which the sales have"):
        Rossmann(str(folder), cache=tmp_path / "cache").prepare_data()
