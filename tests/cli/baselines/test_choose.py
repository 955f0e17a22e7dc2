"""Each kind of data has its baselines, and what is not known has none."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from practicum.cli.baselines.choose import _recommender, baselines_of
from practicum.cli.baselines.found import Baselines
from practicum.datamodules import PlainText
from practicum.lightning_shim import LightningDataModule, LightningModule


def found(record: Path) -> dict[str, set[str]]:
    names: dict[str, set[str]] = {}
    for key in json.loads(record.read_text(encoding="utf-8")):
        parts = key.split("/")
        if parts[0] == "baseline" and len(parts) == 3:
            names.setdefault(parts[1], set()).add(parts[2])
    names.pop("lightgbm", None)
    return names


def test_photos_from_random_weights(trained: Path) -> None:
    assert found(trained / "run/metrics.json") == {"prior": {"loss", "accuracy", "auroc"}}


def test_tables(tables: Path) -> None:
    number = found(tables / "runs/number/metrics.json")
    assert set(number) == {"mean", "linear"}
    assert number["linear"] == {"loss", "rmse", "mae", "rmspe", "mape"}
    assert set(found(tables / "runs/class/metrics.json")) == {"prior", "linear"}


def test_texts(texts: Path) -> None:
    assert found(texts / "runs/lm/metrics.json") == {kind: {"loss", "perplexity"} for kind in ("unigram", "bigram")}
    assert found(texts / "runs/vectors/metrics.json") == {}  # word vectors have nothing to compare with


def test_ratings(rated: Path) -> None:
    kinds = found(rated / "run/metrics.json")
    assert set(kinds) == {"mean", "biases", "popularity"}
    assert {"ndcg@10", "ndcg@10_of_100", "coverage@10"} <= kinds["popularity"]


def test_lists_by_ratings_are_told_to_learn_from_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    model = SimpleNamespace(objective=SimpleNamespace(), item_count=3)
    lists, errors = Baselines({"popularity": {}}, {"popularity": "more epochs"}), Baselines({"biases": {}}, {"biases": "more l2"})
    monkeypatch.setattr("practicum.cli.baselines.popularity.popularity_baseline", lambda *_: lists)
    monkeypatch.setattr("practicum.cli.baselines.ratings.rating_baselines", lambda *_: errors)
    arrays = SimpleNamespace(targets=np.array([1.0, 3.0, 9.0]), rows={"train": np.array([0, 1])})
    data = SimpleNamespace(arrays=lambda: arrays, config=SimpleNamespace(rating="my stars"))
    found = _recommender(SimpleNamespace(callbacks=[]), model, data, 1)
    assert set(found.metrics) == {"biases", "popularity"}
    assert found.advice["biases"] == "more l2"
    assert (
        "(the same command with experiment=clicks 'data.rating=my stars' data.positive_threshold=2)" in found.advice["popularity"]
    )


def test_recommenders_are_told_of_stronger_penalties_than_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float | None] = []
    monkeypatch.setattr("practicum.cli.baselines.popularity.popularity_baseline", lambda *args: given.append(args[-1]))
    monkeypatch.setattr("practicum.cli.baselines.ratings.rating_baselines", lambda *args: given.append(args[-1]))
    model = SimpleNamespace(objective=SimpleNamespace(), item_count=3, l2=0.02)
    _recommender(SimpleNamespace(callbacks=[]), model, SimpleNamespace(), 1)
    assert given == [0.02, 0.02]


@pytest.mark.parametrize("data", [LightningDataModule(), PlainText("x", task="skip_gram")])
def test_what_is_not_known_has_none(data: LightningDataModule) -> None:
    assert baselines_of(SimpleNamespace(callbacks=[]), LightningModule(), data, LightningModule) is None
