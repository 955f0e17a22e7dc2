"""Synthetic store sales in Rossmann's files, with known effects and known noise.

Sales are a product of effects: store, state, day of the week (different with a promotion), month, slow growth, and log-normal
noise. So the best possible error is known: with noise ``u``, the prediction with the lowest root mean squared percentage error
is the noiseless one times ``E[1/u] / E[1/u^2]``, and its error is computed from the noise that was sampled.
"""

from __future__ import annotations

import csv
import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .generate import atomic_folder

VERSION = 1
STORES, DAYS, TEST_DAYS = 60, 730, 42  # TEST_DAYS more make up test.csv, as Kaggle's
NOISE = 0.1  # standard deviation of the logarithm
VALID = 42  # last days, whose best error is in answer.json
_FIRST = datetime.date(2013, 1, 1)
_STATES = ("BE", "BY", "HE", "NW", "SN")
_WEATHER_FILES = {"BE": "Berlin", "BY": "Bayern", "HE": "Hessen", "NW": "NordrheinWestfalen", "SN": "Sachsen"}
_WEEK = (0.18, 0.02, -0.06, -0.05, 0.03, 0.1)  # log-effects of Monday to Saturday; Sundays are closed
_PROMO = (0.42, 0.33, 0.25, 0.22, 0.2, 0.0)


def best_rmspe(noise: np.ndarray[Any, Any]) -> float:
    """The lowest RMSPE of any factor on the noiseless sales, ``sqrt(1 - E[1/u]^2 / E[1/u^2])`` for noise factors ``u``."""
    first, second = (1 / noise).mean(), (1 / noise**2).mean()
    return float(np.sqrt(1 - first**2 / second))


def generate_stores(folder: Path, seed: int = 2017) -> None:
    """Generate Kaggle's files, and ``answer.json`` with the best RMSPE on the last six weeks.

    Args:
        folder: Created by this call; must not exist.
        seed: Seed of everything random.
    """
    with atomic_folder(folder) as work:
        _generate(work, np.random.default_rng(seed))


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]], delimiter: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])


def _generate(work: Path, rng: np.random.Generator) -> None:
    days = [_FIRST + datetime.timedelta(days=number) for number in range(DAYS + TEST_DAYS)]
    weekday = np.array([day.weekday() for day in days])
    month = np.array([day.month for day in days])
    promo = (np.arange(len(days)) // 7 % 2 == 0) & (weekday < 5)  # every other week, Monday to Friday
    holiday = np.array([(day.month, day.day) in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)) for day in days])
    school = np.isin(month, (7, 8)) & (weekday < 5)
    state_of = rng.integers(0, len(_STATES), STORES)
    levels = rng.normal(8.6, 0.35, STORES)
    states = rng.normal(0, 0.1, len(_STATES))
    season = 0.06 * np.sin(2 * np.pi * (np.arange(1, 13) - 3) / 12) + np.where(np.arange(1, 13) == 12, 0.25, 0.0)
    kinds = rng.integers(0, 4, STORES)
    open_days = (weekday != 6) & ~holiday
    effect = np.array([*_WEEK, 0.0])[weekday] + promo * np.array([*_PROMO, 0.0])[weekday] + season[month - 1]
    effect = effect + 0.05 * np.arange(len(days)) / 365
    logs = levels[:, None] + states[state_of][:, None] + effect[None]  # [stores, days]
    noise = np.exp(rng.normal(0, NOISE, logs.shape))
    sales = np.where(open_days, np.maximum(1, np.round(np.exp(logs) * noise)), 0).astype(int)

    header = ("Store", "DayOfWeek", "Date", "Sales", "Customers", "Open", "Promo", "StateHoliday", "SchoolHoliday")
    rows: list[tuple[Any, ...]] = []
    test_rows: list[tuple[Any, ...]] = []
    for number in reversed(range(len(days))):  # newest first, as Kaggle has them
        for store in range(STORES):
            facts = (int(open_days[number]), int(promo[number]), "a" if holiday[number] else "0", int(school[number]))
            key = (store + 1, int(weekday[number]) + 1, days[number].isoformat())
            if number < DAYS:
                rows.append((*key, sales[store, number], sales[store, number] // 9, *facts))
            else:
                test_rows.append((len(test_rows) + 1, *key, *facts))
    _write(work / "train.csv", header, rows)
    _write(work / "test.csv", ("Id", *header[:3], *header[5:]), test_rows)
    _write(work / "sample_submission.csv", ("Id", "Sales"), [(row[0], 0) for row in test_rows])
    since = rng.integers(2005, 2013, STORES)
    far = rng.integers(1, 200, STORES) * 100
    _write(
        work / "store.csv",
        (
            "Store", "StoreType", "Assortment", "CompetitionDistance", "CompetitionOpenSinceMonth", "CompetitionOpenSinceYear",
            "Promo2", "Promo2SinceWeek", "Promo2SinceYear", "PromoInterval",
        ),
        [
            (n + 1, "abcd"[kinds[n]], "abc"[kinds[n] % 3], far[n], 1 + n % 12, since[n], n % 2,
             *((1 + n % 50, since[n], "Jan,Apr,Jul,Oct") if n % 2 else ("", "", "")))
            for n in range(STORES)
        ],
    )  # fmt: skip
    _write(work / "store_states.csv", ("Store", "State"), [(n + 1, _STATES[state_of[n]]) for n in range(STORES)])
    _generate_weather(work / "weather", days, rng)
    weeks = [days[0] - datetime.timedelta(days=2) + datetime.timedelta(days=7 * n) for n in range(len(days) // 7 + 2)]
    for name in ("", *(f"_{state}" for state in _STATES)):
        trend = rng.integers(55, 100, len(weeks))
        table = [(f"{week} - {week + datetime.timedelta(days=6)}", value) for week, value in zip(weeks, trend, strict=True)]
        _write(work / "googletrend" / f"Rossmann_DE{name}.csv", ("Woche", "Interest"), table)
    valid_noise = noise[:, DAYS - VALID : DAYS][:, open_days[DAYS - VALID : DAYS]]
    answer = {"rmspe": best_rmspe(valid_noise), "noise": NOISE, "days": VALID}
    (work / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


def _generate_weather(folder: Path, days: Sequence[datetime.date], rng: np.random.Generator) -> None:
    header = (
        "Date", "Max_TemperatureC", "Mean_TemperatureC", "Min_TemperatureC", "Max_Humidity", "Mean_Humidity", "Min_Humidity",
        "Max_Wind_SpeedKm_h", "Mean_Wind_SpeedKm_h", "Precipitationmm", "CloudCover", "Events",
    )  # fmt: skip
    for name in _WEATHER_FILES.values():
        rows = []
        for day in days:
            mean = round(10 - 9 * np.cos(2 * np.pi * day.timetuple().tm_yday / 365) + rng.normal(0, 3))
            wet, wind = int(rng.integers(40, 95)), int(rng.integers(5, 30))
            rain = rng.random() < 0.4
            rows.append(
                (day.isoformat(), mean + 5, mean, mean - 5, min(100, wet + 20), wet, wet - 20, wind + 12, wind,
                 round(float(rng.gamma(1, 3)), 1) if rain else 0, int(rng.integers(0, 9)), "Rain" if rain else "NA")
            )  # fmt: skip
        _write(folder / f"{name}.csv", header, rows, delimiter=";")
