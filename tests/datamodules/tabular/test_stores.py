"""Synthetic sales: the best possible error is known, and reported only where it applies."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from practicum.datamodules import Stores
from practicum.datamodules.synthetic.stores import best_rmspe


def test_the_best_error_is_the_one_no_factor_beats(rossmann_root: Path) -> None:
    noise = np.exp(np.random.default_rng(0).normal(0, 0.1, 100_000))
    tried = min(float(np.sqrt(((factor / noise - 1) ** 2).mean())) for factor in np.linspace(0.9, 1.05, 301))
    assert best_rmspe(noise) == pytest.approx(tried, rel=1e-4)
    assert json.loads((rossmann_root / "answer.json").read_text(encoding="utf-8"))["rmspe"] == pytest.approx(
        np.sqrt(1 - np.exp(-0.01)), rel=0.03
    )


def test_the_answer_is_of_generated_sales_and_the_last_six_weeks(rossmann_root: Path, tmp_path: Path) -> None:
    data = Stores(synthetic_dir=tmp_path, cache=tmp_path / "cache", features="paper")
    data.prepare_data()
    assert data.known_answer == {"rmspe": json.loads((Path(data.root) / "answer.json").read_text(encoding="utf-8"))["rmspe"]}
    assert data.provenance["source"] == f"synthetic: {data.root}"
    assert Stores(synthetic_dir=tmp_path, valid_days=7).known_answer == {}
    assert Stores(synthetic_dir=tmp_path, valid_days=None).known_answer == {}
    assert Stores(rossmann_root).known_answer == {}  # one's own files
    own = Stores(rossmann_root, cache=tmp_path / "cache", features="paper")
    assert own.provenance["source"] == str(rossmann_root)
