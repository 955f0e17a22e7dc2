"""The linear baseline of texts: counts, and scikit-learn's own pipeline on the same words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from practicum.cli.baselines.texts import text_baselines, token_counts
from practicum.datamodules import TextCSV
from practicum.modules.objectives.classification import Classification
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression


def test_counts_are_those_of_the_texts() -> None:
    tokens, starts = np.array([3, 1, 3, 0, 2, 2], np.uint16), np.array([0, 3, 4, 6])
    assert token_counts(tokens, starts, np.array([0, 2]), 4).toarray().tolist() == [[0, 1, 0, 2], [0, 0, 2, 0]]


def test_a_linear_model_on_words_is_scikit_learns(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = []
    for number in range(300):
        label = "good" if number % 3 else "bad"
        usual, other = ("fine", "dull") if label == "good" else ("dull", "fine")
        words = [usual if rng.random() < 0.85 else other, *rng.choice(["sea", "town", "war", "love"], 3)]
        rows.append((" ".join(words), label, "valid" if number >= 200 else "train"))
    (tmp_path / "t.csv").write_text("text,label,split\n" + "\n".join(",".join(row) for row in rows), encoding="utf-8")
    data = TextCSV(tmp_path / "t.csv", split_column="split", level="whitespace", cache=tmp_path / "c", min_count=1)
    data.prepare_data()
    data.setup("fit")
    found = text_baselines(data, Classification(data.classes))
    assert found.metrics["prior"]["accuracy"] == pytest.approx(sum(label == "good" for _, label, split in rows[200:]) / 100)
    vectorizer = TfidfVectorizer(sublinear_tf=True, token_pattern=r"\S+")
    x = vectorizer.fit_transform("xxbos " + text for text, _, split in rows if split == "train")
    fitted = LogisticRegression().fit(x, [label for _, label, split in rows if split == "train"])
    valid = [(text, label) for text, label, split in rows if split == "valid"]
    score = fitted.score(vectorizer.transform("xxbos " + text for text, _ in valid), [label for _, label in valid])
    assert found.metrics["linear"]["accuracy"] == pytest.approx(score, abs=0.011)
    assert found.metrics["linear"]["accuracy"] > found.metrics["prior"]["accuracy"]
    assert (list(found.advice), found.sampled) == (["linear"], "")
