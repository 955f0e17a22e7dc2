"""Synthetic chips: Kaggle's layout, and tags that can be seen in the pixels."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from practicum.datamodules.synthetic import satellite


def test_files_are_kaggles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(satellite, "COUNTS", {"train": 5, "test": 3, "additional": 2})
    satellite.generate_planet(tmp_path / "planet")
    with open(tmp_path / "planet" / "train_v2.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["image_name"] for row in rows] == [f"train_{i}" for i in range(5)]
    assert all((tmp_path / "planet" / "train-jpg" / f"{row['image_name']}.jpg").is_file() for row in rows)
    assert len(list((tmp_path / "planet" / "test-jpg").iterdir())) == 3
    assert len(list((tmp_path / "planet" / "test-jpg-additional").iterdir())) == 2
    with open(tmp_path / "planet" / "sample_submission_v2.csv", newline="", encoding="utf-8") as file:
        assert [row["image_name"] for row in csv.DictReader(file)] == ["test_0", "test_1", "test_2", "file_0", "file_1"]


def test_tags_are_seen() -> None:
    def mean(*tags: str) -> np.ndarray:
        chips = [np.asarray(satellite.render_chip(list(tags), np.random.default_rng(seed)), float) for seed in range(6)]
        assert all(chip.shape == (256, 256, 3) for chip in chips)
        return np.stack(chips).mean((0, 1, 2))

    plain = mean("clear", "primary")
    assert plain.argmax() == 1  # green
    assert mean("cloudy").mean() > mean("haze", "primary").mean() > plain.mean()
    assert mean("agriculture", "clear", "primary")[0] > plain[0]  # fields are less green than forest
