"""Full ranking against a slow plain one, and what it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.callbacks import FullRanking
from practicum.callbacks.ranking import user_items
from practicum.callbacks.ranking.full_ranking import full_ranking
from practicum.lightning_shim import LightningDataModule, MisconfigurationException, Trainer
from torch import Tensor

K = 5


def plain(
    scores: Tensor, seen: set[tuple[int, int]], held: set[tuple[int, int]], trained: set[tuple[int, int]] | None = None
) -> dict[str, float]:
    """User by user, item by item."""
    trained = seen if trained is None else trained
    users, items = scores.shape
    rows: dict[str, list[float]] = {"ndcg": [], "hit_rate": [], "recall": [], "map": []}
    recommended: list[int] = []
    for user in range(users):
        wanted = {item for item in range(items) if (user, item) in held and (user, item) not in seen}
        if not wanted:
            continue
        order = sorted((item for item in range(items) if (user, item) not in seen), key=lambda i: -float(scores[user, i]))[:K]
        recommended += order
        hits = [item in wanted for item in order]
        ideal = sum(1 / math.log2(place + 2) for place in range(min(K, len(wanted))))
        rows["ndcg"].append(sum(hit / math.log2(place + 2) for place, hit in enumerate(hits)) / ideal)
        rows["hit_rate"].append(float(any(hits)))
        rows["recall"].append(sum(hits) / len(wanted))
        precisions = [sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit]
        rows["map"].append(sum(precisions) / min(K, len(wanted)))
    found = {f"{name}@{K}": sum(values) / len(values) for name, values in rows.items()}
    counts = [sum(item == each for _, each in trained) for item in range(items)]
    rare = [-math.log2(max(1, counts[item]) / len(trained)) for item in recommended]
    return found | {f"coverage@{K}": len(set(recommended)) / items, f"novelty@{K}": sum(rare) / len(rare)}


@pytest.mark.parametrize("max_scores", [1 << 23, 4 * 30])  # at once, and four users at a time
def test_equals_a_slow_plain_one(interactions: Any, max_scores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_items, "MAX_SCORES", max_scores)
    scores, seen, held = interactions
    tensors = [torch.tensor(sorted(each)).T for each in (seen, held)]
    found = full_ranking(lambda users: scores[users], (tensors[0][0], tensors[0][1]), (tensors[1][0], tensors[1][1]), 30, K)
    assert found == pytest.approx(plain(scores, seen, held), abs=1e-9)


@pytest.mark.parametrize("split", ["valid", "test"])
def test_metrics_are_logged_and_a_test_has_no_item_of_validation(
    interactions: Any, known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], split: str
) -> None:
    scores, trained, held = interactions
    seen, pairs = trained, {"train": torch.tensor(sorted(trained)).T, split: torch.tensor(sorted(held)).T}
    if split == "test":
        beside = {(user, (item + 3) % 30) for user, item in held} - held - trained
        seen, pairs["valid"] = trained | beside, torch.tensor(sorted(beside)).T

    class Data(LightningDataModule):
        tests_on = split

        def test_dataloader(self) -> Any:
            return known_photos

        def pairs(self, split: str) -> Any:
            return pairs[split][0], pairs[split][1]

    module = known_classifier()
    module.item_count, module.scores = 30, lambda users: scores[users]
    (logged,) = make_trainer(callbacks=[FullRanking(K)]).test(module, Data(), verbose=False)
    wanted = {f"test/{name}": value for name, value in plain(scores, seen, held, trained).items()}
    assert {name: logged[name] for name in wanted} == pytest.approx(wanted, abs=1e-6)


def test_nobody_to_measure_and_a_module_without_scores_are_named(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    pair = torch.tensor([0]), torch.tensor([0])
    assert full_ranking(lambda users: torch.zeros(len(users), 3), pair, pair, 3) == {}
    with pytest.raises(MisconfigurationException, match="FullRanking needs KnownClassifier.scores"):
        make_trainer(callbacks=[FullRanking()]).test(known_classifier(), known_photos, verbose=False)
    with pytest.raises(MisconfigurationException, match="FullRanking: k=0 must be at least 1"):
        FullRanking(k=0)
