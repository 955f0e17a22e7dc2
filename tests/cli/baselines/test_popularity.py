"""The most popular items: what a list of them hits, counted by hand, by the metrics that the run has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from practicum.callbacks import FullRanking, SampledRanking
from practicum.cli.baselines import popularity
from practicum.cli.baselines.popularity import popularity_baseline


def data() -> Any:
    seen = torch.tensor([0, 1, 2, 3, 0, 1]), torch.tensor([0, 0, 0, 0, 1, 1])  # item 0 four times, item 1 twice
    held = torch.tensor([2, 3]), torch.tensor([1, 2])  # for both the list is 1, then an item without a click
    return SimpleNamespace(pairs=lambda split: seen if split == "train" else held, tests_on="valid")


def test_the_list_is_the_same_but_for_what_each_has_seen() -> None:
    found = popularity_baseline(data(), 4, [FullRanking(k=1), SampledRanking(k=1, negatives=2)])
    assert found is not None
    assert found.metrics["popularity"]["hit_rate@1"] == 0.5
    assert found.metrics["popularity"]["coverage@1"] == 0.25
    assert "hit_rate@1_of_3" in found.metrics["popularity"]


def test_a_test_has_no_item_of_validation_and_popularity_is_that_of_training() -> None:
    pairs = {"train": ([0, 1, 2, 0], [0, 0, 0, 1]), "valid": ([0, 1, 2, 3], [2, 2, 2, 0]), "test": ([3], [1])}
    parts = {split: (torch.tensor(users), torch.tensor(items)) for split, (users, items) in pairs.items()}
    found = popularity_baseline(SimpleNamespace(pairs=parts.get, tests_on="test"), 4, [FullRanking(k=1)])
    assert found is not None
    assert found.metrics["popularity"]["hit_rate@1"] == 1  # user 3 has item 0; in validation item 2 has more clicks than item 1
    assert found.metrics["popularity"]["novelty@1"] == 2  # -log2 of one training row of four


def test_nothing_without_lists() -> None:
    assert popularity_baseline(data(), 4, []) is None


def test_many_users_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(popularity, "_USERS", 1)
    found = popularity_baseline(data(), 4, [FullRanking(k=1)])
    assert found is not None
    assert found.sampled == "1 of 2 measured users"
    assert found.metrics["popularity"]["hit_rate@1"] in (0, 1)


@pytest.mark.parametrize(("l2", "first"), [(0.02, "-m model.l2=0.04,0.08,0.16 against overfitting, "), (None, "")])
def test_stronger_penalties_are_advised_where_there_is_one(l2: float | None, first: str) -> None:
    found = popularity_baseline(data(), 4, [FullRanking(k=1)], l2=l2)
    assert found is not None
    sentence = found.warning({"ndcg@1": 0.0})
    assert sentence is not None
    assert f": try {first}another optimizer.lr, more data.negatives or" in sentence
