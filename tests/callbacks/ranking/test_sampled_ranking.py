"""Sampled ranking: where it equals the full one, and where it differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.callbacks import SampledRanking
from practicum.callbacks.ranking.full_ranking import full_ranking
from practicum.callbacks.ranking.sampled_ranking import sampled_ranking
from practicum.lightning_shim import LightningDataModule, MisconfigurationException, Trainer

USERS, ITEMS, K = 50, 30, 5


def test_among_all_others_it_is_the_full_ranking(interactions: Any) -> None:
    scores, seen, held = interactions
    own = {(user, item) for user, item in held - seen}
    first = {min(pair for pair in own if pair[0] == user) for user, _ in own}  # one a user, the rest counts as seen
    pairs: Any = [tuple(torch.tensor(sorted(each)).T) for each in (seen | (own - first), first)]
    full = full_ranking(lambda users: scores[users], *pairs, ITEMS, K)
    sampled = sampled_ranking(lambda users: scores[users], *pairs, ITEMS, K, negatives=ITEMS)
    assert sampled[f"hit_rate@{K}_of_{ITEMS + 1}"] == pytest.approx(full[f"hit_rate@{K}"])
    assert sampled[f"ndcg@{K}_of_{ITEMS + 1}"] == pytest.approx(full[f"ndcg@{K}"])


def test_among_few_the_right_one_is_found_more_easily_and_a_tie_is_half(interactions: Any) -> None:
    _, seen, held = interactions
    pairs: Any = [tuple(torch.tensor(sorted(each)).T) for each in (seen, held - seen)]
    flat = sampled_ranking(lambda users: torch.zeros(len(users), ITEMS), *pairs, ITEMS, k=3, negatives=9)
    assert flat["hit_rate@3_of_10"] == 0  # all tie: the rank is 4.5
    random = torch.randn(USERS, ITEMS, generator=torch.Generator().manual_seed(1))
    among = sampled_ranking(lambda users: random[users], *pairs, ITEMS, k=3, negatives=9)
    assert among["hit_rate@3_of_10"] == pytest.approx(0.3, abs=0.12)


def test_an_item_of_validation_is_no_negative_of_a_test(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer]
) -> None:
    pairs = {"train": (0, 0), "valid": (0, 1), "test": (0, 2)}

    class Data(LightningDataModule):
        tests_on = "test"

        def test_dataloader(self) -> Any:
            return known_photos

        def pairs(self, split: str) -> Any:
            return tuple(torch.tensor([each]) for each in pairs[split])

    module = known_classifier()
    module.item_count, module.scores = 4, lambda users: torch.tensor([[9.0, 8.0, 5.0, 1.0]]).repeat(len(users), 1)
    (logged,) = make_trainer(callbacks=[SampledRanking(k=1, negatives=3)]).test(module, Data(), verbose=False)
    assert logged["test/hit_rate@1_of_4"] == 1  # of items 2 and 3; item 1 would be above


def test_nobody_to_measure() -> None:
    pair, nobody = (torch.tensor([0]), torch.tensor([0])), (torch.tensor([]).long(), torch.tensor([]).long())
    assert sampled_ranking(lambda users: torch.zeros(len(users), 3), pair, nobody, 3) == {}


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(MisconfigurationException, match="SampledRanking: negatives=0 must be at least 1"):
        SampledRanking(negatives=0)
