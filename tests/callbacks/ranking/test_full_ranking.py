"""Full ranking against a slow plain one on 50 users, and what it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from practicum.callbacks import FullRanking, SampledRanking
from practicum.callbacks import pairs_by_user as module
from practicum.callbacks.ranking.full_ranking import full_ranking
from practicum.callbacks.ranking.sampled_ranking import sampled_ranking
from pytorch_lightning.demos.boring_classes import BoringModel
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor

USERS, ITEMS, K = 50, 30, 5


def drawn() -> tuple[Tensor, set[tuple[int, int]], set[tuple[int, int]]]:
    """Scores, pairs seen, pairs held out; some of these were seen, too."""
    generator = torch.Generator().manual_seed(3)
    scores = torch.randn(USERS, ITEMS, generator=generator)
    seen = torch.rand(USERS, ITEMS, generator=generator) < 0.2
    held = torch.rand(USERS, ITEMS, generator=generator) < 0.1
    held[7] = False  # somebody has none
    pairs = [{(int(u), int(i)) for u, i in each.nonzero()} for each in (seen, held)]
    return scores, pairs[0], pairs[1]


def plain(scores: Tensor, seen: set[tuple[int, int]], held: set[tuple[int, int]]) -> dict[str, float]:
    """User by user, item by item."""
    rows: dict[str, list[float]] = {"ndcg": [], "hit_rate": [], "recall": [], "map": []}
    recommended: list[int] = []
    for user in range(USERS):
        wanted = {item for item in range(ITEMS) if (user, item) in held and (user, item) not in seen}
        if not wanted:
            continue
        order = sorted((item for item in range(ITEMS) if (user, item) not in seen), key=lambda i: -float(scores[user, i]))[:K]
        recommended += order
        hits = [item in wanted for item in order]
        ideal = sum(1 / math.log2(place + 2) for place in range(min(K, len(wanted))))
        rows["ndcg"].append(sum(1 / math.log2(place + 2) for place, hit in enumerate(hits) if hit) / ideal)
        rows["hit_rate"].append(float(any(hits)))
        rows["recall"].append(sum(hits) / len(wanted))
        precisions = [sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit]
        rows["map"].append(sum(precisions) / min(K, len(wanted)))
    found = {f"{name}@{K}": sum(values) / len(values) for name, values in rows.items()}
    counts = [sum(item == each for _, each in seen) for item in range(ITEMS)]
    rare = [-math.log2(max(1, counts[item]) / len(seen)) for item in recommended]
    return found | {f"coverage@{K}": len(set(recommended)) / ITEMS, f"novelty@{K}": sum(rare) / len(rare)}


@pytest.mark.parametrize("cells", [1 << 23, 4 * ITEMS])  # at once, and four users at a time
def test_equals_a_slow_plain_one(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CELLS", cells)
    scores, seen, held = drawn()
    tensors = [torch.tensor(sorted(each)).T for each in (seen, held)]
    found = full_ranking(lambda users: scores[users], (tensors[0][0], tensors[0][1]), (tensors[1][0], tensors[1][1]), ITEMS, K)
    assert found == pytest.approx(plain(scores, seen, held), abs=1e-9)


def test_nobody_to_measure_and_a_module_without_scores_are_named(make_trainer: Callable[..., pl.Trainer]) -> None:
    pair = torch.tensor([0]), torch.tensor([0])
    assert full_ranking(lambda users: torch.zeros(len(users), 3), pair, pair, 3) == {}
    with pytest.raises(MisconfigurationException, match="FullRanking needs BoringModel.scores"):
        make_trainer(callbacks=[FullRanking()]).test(BoringModel(), verbose=False)
    options: dict[str, Any] = {"k": 0}
    with pytest.raises(MisconfigurationException, match="k=0 must be at least 1"):
        FullRanking(**options)


# Among a hundred ------------------------------------------------------------------------------------------------------


def test_among_all_others_the_sampled_protocol_is_the_full_one() -> None:
    scores, seen, held = drawn()
    own = {(user, item) for user, item in held - seen}
    first = {min(pair for pair in own if pair[0] == user) for user, _ in own}  # one a user, the rest counts as seen
    pairs = [tuple(torch.tensor(sorted(each)).T) for each in (seen | (own - first), first)]
    full = full_ranking(lambda users: scores[users], *pairs, ITEMS, K)  # type: ignore[arg-type]
    sampled = sampled_ranking(lambda users: scores[users], *pairs, ITEMS, K, drawn=ITEMS)  # type: ignore[arg-type]
    assert sampled[f"hit_rate@{K}_of_{ITEMS + 1}"] == pytest.approx(full[f"hit_rate@{K}"])
    assert sampled[f"ndcg@{K}_of_{ITEMS + 1}"] == pytest.approx(full[f"ndcg@{K}"])


def test_among_few_the_right_one_is_found_more_easily_and_a_tie_is_half() -> None:
    _, seen, held = drawn()
    pairs = [tuple(torch.tensor(sorted(each)).T) for each in (seen, held - seen)]
    flat = sampled_ranking(lambda users: torch.zeros(len(users), ITEMS), *pairs, ITEMS, k=3, drawn=9)  # type: ignore[arg-type]
    assert flat["hit_rate@3_of_10"] == 0  # all tie: the place is 4.5
    random = torch.randn(USERS, ITEMS, generator=torch.Generator().manual_seed(1))
    among = sampled_ranking(lambda users: random[users], *pairs, ITEMS, k=3, drawn=9)  # type: ignore[arg-type]
    assert among["hit_rate@3_of_10"] == pytest.approx(0.3, abs=0.12)


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(MisconfigurationException, match="drawn=0 must be at least 1"):
        SampledRanking(drawn=0)
