"""Rossmann: which days count, what a run keeps for prediction, and the submission."""

from __future__ import annotations

import csv
import datetime
import shutil
from pathlib import Path

import polars as pl
import pytest
from practicum.datamodules import Rossmann
from practicum.datamodules.tabular.rossmann import submission_columns
from practicum.lightning_shim import MisconfigurationException


def test_closed_days_are_left_out_and_the_last_weeks_validate(rossmann_root: Path, tmp_path: Path) -> None:
    data = Rossmann(rossmann_root, cache=tmp_path)
    data.prepare_data()
    data.setup("fit")
    valid = data.source_rows("valid")
    assert valid["Sales"].min() > 0  # type: ignore[operator]
    assert set(valid["Open"]) == {1}
    assert valid["Date"].min() >= datetime.date(2014, 11, 20)  # type: ignore[operator]
    facts = data.describe()
    assert "Sales" not in facts["categories"]
    assert not {"Sales", "Customers"} & set(facts["continuous"])
    paper = Rossmann(rossmann_root, features="paper", cache=tmp_path, valid_days=None)
    assert set(paper.describe()["categories"]) == {"Store", "DayOfWeek", "Promo", "Year", "Month", "Day", "State"}
    assert paper.describe()["continuous"] == []


def test_the_challenges_days_become_a_submission(rossmann_root: Path, tmp_path: Path) -> None:
    data = Rossmann(rossmann_root, cache=tmp_path / "cache", artifacts_dir=tmp_path)
    data.prepare_data()
    data.setup("fit")
    new = data.for_prediction(data.test_inputs())
    rows = new.row_columns()
    answer = new.submission_columns({**rows, "predicted": [100.0] * len(rows["Id"])})
    assert list(answer) == ["Id", "Sales"]
    with open(rossmann_root / "sample_submission.csv", newline="", encoding="utf-8") as file:
        assert [int(row["Id"]) for row in csv.DictReader(file)] == list(answer["Id"])
    assert {sales for sales, is_open in zip(answer["Sales"], rows["Open"], strict=True) if not is_open} == {0.0}
    assert data.submission_columns({"Id": [3], "Open": [1], "predicted": [5.0]}) == {"Id": [3], "Sales": [5.0]}
    with pytest.raises(MisconfigurationException, match="has no column 'Id'"):
        submission_columns({"Open": [1], "predicted": [5.0]})


def test_a_run_needs_the_challenges_files_no_more(rossmann_root: Path, tmp_path: Path) -> None:
    moved, run = shutil.copytree(rossmann_root, tmp_path / "files"), tmp_path / "run"
    data = Rossmann(moved, cache=tmp_path / "cache", artifacts_dir=run)
    data.prepare_data()
    data.setup("fit")
    found = []
    for gone in (run / "rossmann", moved):  # first by the files alone, then by the run's copy of them
        aside = gone.rename(tmp_path / "aside")
        new = Rossmann(moved, artifacts_dir=run).for_prediction(rossmann_root / "test.csv")
        found.append(next(iter(new.predict_dataloader()))[0])
        aside.rename(gone)
    for first, second in zip(*found, strict=True):
        assert first.equal(second)


def test_a_score_counts_the_days_that_training_counts(
    rossmann_root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = Rossmann(rossmann_root, cache=tmp_path / "cache", artifacts_dir=tmp_path / "run")
    data.prepare_data()
    data.setup("fit")
    days = pl.read_csv(rossmann_root / "train.csv", infer_schema=False).head(400)
    days.write_csv(tmp_path / "days.csv")
    caplog.set_level("INFO")
    new = data.for_scoring(tmp_path / "days.csv")
    counted = days.filter((pl.col("Open") != "0") & (pl.col("Sales") != "0"))
    assert 0 < len(counted) < 400
    assert new.targets is not None
    assert new.targets.tolist() == counted["Sales"].cast(pl.Float32).to_list()
    assert len(new.row_columns()["Store"]) == len(counted)
    assert f"{400 - len(counted)} days on which a store was closed or sold nothing are left out" in caplog.text
    days.filter(pl.col("Open") == "0").write_csv(tmp_path / "closed.csv")
    with pytest.raises(MisconfigurationException, match="closed.csv: no store sold anything on any of these days"):
        data.for_scoring(tmp_path / "closed.csv")
    days.drop("Sales").write_csv(tmp_path / "unknown.csv")
    with pytest.raises(MisconfigurationException, match="unknown.csv: has no column 'Sales'"):
        data.for_scoring(tmp_path / "unknown.csv")


def test_mistakes_are_named(rossmann_root: Path, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match="Rossmann: root is missing"):
        Rossmann(None)
    with pytest.raises(MisconfigurationException, match="Rossmann: features=some must be all or paper"):
        Rossmann(tmp_path, features="some")  # type: ignore[arg-type]
    with pytest.raises(MisconfigurationException, match="Rossmann: date_parts=cyclic can't be chosen here.*experiment=stores"):
        Rossmann(tmp_path, date_parts="cyclic")
    with pytest.raises(MisconfigurationException, match=r"has no train.csv or train.csv.gz \(it holds nothing\)"):
        Rossmann(tmp_path, cache=tmp_path / "cache").prepare_data()
    data = Rossmann(rossmann_root, cache=tmp_path / "cache", features="paper")
    with pytest.raises(MisconfigurationException, match="read from a file in the form of test.csv, not a frame"):
        data.for_prediction(pl.DataFrame({"Store": [1]}))
    with pytest.raises(MisconfigurationException, match="no such file; test.csv, or the folder that holds it, is needed"):
        data.for_prediction(tmp_path)
