"""Synthetic ratings: the best possible error is that of the noise, and reported only where it applies."""

from __future__ import annotations

import math
from pathlib import Path

from practicum.datamodules import Tastes


def test_the_best_error_is_that_of_the_noise(tmp_path: Path, movielens_root: Path) -> None:
    data = Tastes(synthetic_dir=tmp_path, cache=tmp_path / "cache")
    data.prepare_data()
    assert math.isclose(data.known_answer["rmse"], 0.5, rel_tol=0.03)
    assert data.provenance["source"] == f"synthetic: {data.root}"
    assert not Tastes(synthetic_dir=tmp_path, inner_split=True).known_answer
    assert not Tastes(synthetic_dir=tmp_path, fold=None).known_answer
    assert not Tastes(movielens_root).known_answer  # one's own files
