"""Synthetic ratings: MovieLens' files, and held-out ratings whose noise is the known answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from practicum.datamodules.synthetic import ratings


def test_files_are_movielens_and_the_answer_is_the_noise(tmp_path: Path) -> None:
    ratings.generate_ratings(tmp_path / "ratings")
    parts = {name: np.loadtxt(tmp_path / "ratings" / name) for name in ("u.data", "u1.base", "u1.test")}
    assert len(parts["u.data"]) == ratings.USERS * ratings.EACH == len(parts["u1.base"]) + len(parts["u1.test"])
    assert len(parts["u1.test"]) / len(parts["u.data"]) == pytest.approx(ratings.HELD, abs=0.005)
    pairs = {(user, item) for user, item, *_ in parts["u.data"].tolist()}
    assert len(pairs) == len(parts["u.data"])  # nobody rates an item twice
    assert len((tmp_path / "ratings" / "u.item").read_text(encoding="latin-1").splitlines()) == ratings.ITEMS
    assert len((tmp_path / "ratings" / "u.user").read_text(encoding="utf-8").splitlines()) == ratings.USERS
    answer = json.loads((tmp_path / "ratings" / "answer.json").read_text(encoding="utf-8"))
    assert answer["rmse"] == pytest.approx(ratings.NOISE, rel=0.02)
