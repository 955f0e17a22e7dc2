"""Synthetic sales: Rossmann's files, and the best error against a search over constant factors."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from practicum.datamodules.synthetic import stores


def test_the_best_error_is_that_of_the_best_factor() -> None:
    noise = np.exp(np.random.default_rng(0).normal(0, 0.2, 5000))
    errors = [np.sqrt(((factor / noise - 1) ** 2).mean()) for factor in np.linspace(0.8, 1.1, 3001)]
    assert stores.best_rmspe(noise) == pytest.approx(min(errors), abs=1e-6)


def test_files_are_rossmanns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "STORES", 6)
    monkeypatch.setattr(stores, "DAYS", 60)
    stores.generate_stores(tmp_path / "stores")
    names = {path.name for path in (tmp_path / "stores").iterdir()}
    assert {"train.csv", "test.csv", "store.csv", "store_states.csv", "sample_submission.csv", "weather", "googletrend"} <= names
    with open(tmp_path / "stores" / "train.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 * 60
    assert all((row["Sales"] == "0") == (row["Open"] == "0") for row in rows)
    with open(tmp_path / "stores" / "test.csv", newline="", encoding="utf-8") as file:
        ids = [row["Id"] for row in csv.DictReader(file)]
    assert ids == [str(i + 1) for i in range(6 * stores.TEST_DAYS)]
    answer = json.loads((tmp_path / "stores" / "answer.json").read_text(encoding="utf-8"))
    assert answer["rmspe"] == pytest.approx(stores.NOISE, rel=0.2)  # for small noise they are nearly the same
