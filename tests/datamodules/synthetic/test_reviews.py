"""Synthetic reviews: IMDb's layout, log-probabilities per file, and a known share of wrong labels.

That the log-probabilities are right is tested against an independent parser in tests/datamodules/text/test_reviews.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from practicum.datamodules.synthetic import reviews


def test_files_are_imdbs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviews, "COUNTS", {"train": 100, "test": 100, "unsup": 20})
    reviews.generate_reviews(tmp_path / "reviews")
    answer = json.loads((tmp_path / "reviews" / "answer.json").read_text(encoding="utf-8"))
    files = {path.relative_to(tmp_path / "reviews").as_posix() for path in (tmp_path / "reviews").rglob("*.txt")}
    assert files == set(answer["logs"])
    assert sum(file.startswith("train/unsup/") for file in files) == 20
    assert answer["wrong"] == {"train": 3, "test": 3, "unsup": 0}
    assert all(log < 0 for log in answer["logs"].values())


def test_good_and_bad_reviews_are_equally_frequent_and_their_opinions_agree() -> None:
    rng = np.random.default_rng(0)
    found = [reviews.review(rng) for _ in range(600)]
    assert sum(good for _, good, _ in found) / 600 == pytest.approx(0.5, abs=0.06)
    praise = ("brilliant", "charming", "moving", "clever", "gripping", "tender")
    for text, good, _ in found:
        for sentence in text.split("."):
            if " was " in sentence:
                negated = sentence.strip().startswith(("Nobody", "Hardly", "It is never"))
                assert any(f" was {word} " in sentence for word in praise) == (good != negated)
