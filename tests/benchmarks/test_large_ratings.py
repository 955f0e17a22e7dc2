"""Ratings of many users, by the command that is measured."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "large_ratings.py"


def test_a_small_one_is_trained_and_measured(tmp_path: Path) -> None:
    sizes = ["--users", "300", "--items", "80", "--rows", "4000", "--factors", "4", "--epochs", "2"]
    command = [sys.executable, str(SCRIPT), "--folder", str(tmp_path), *sizes, "--json", str(tmp_path / "found.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (source,) = tmp_path.glob("*.parquet")
    ratings = pl.read_parquet(source)
    assert len(ratings) == ratings.select("user", "item").n_unique() > 2_000  # nobody rates an item twice
    assert ratings["rating"].unique().sort().to_list() == [1.0, 2.0, 3.0, 4.0, 5.0]
    metrics = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))["metrics"]
    seconds, memory = (
        metrics[name]["sides"]["practicum"] for name in ("seconds per epoch", "peak memory of the whole process, GB")
    )
    assert 0 < seconds[0] < 60
    assert 0.1 < memory[0] < 10
    assert "2 epochs" in done.stdout


def test_a_training_that_fails_fails(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--folder", str(tmp_path), "--users", "30", "--items", "8", "--rows", "60"]
    done = subprocess.run([*command, "--more", "model.factors=none"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "train.py ended with" in done.stderr
