"""Baseline of ranked lists: the most popular items, the same for everybody but for what each has seen.

**When to use it.** Beside every recommender of lists; many published ones do not beat it by much.

**Source.** Dacrema et al. 2019, "Are we really making much progress?"
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from practicum.callbacks import FullRanking, SampledRanking
from practicum.callbacks.ranking.contracts import seen_pairs
from practicum.callbacks.ranking.full_ranking import full_ranking
from practicum.callbacks.ranking.sampled_ranking import sampled_ranking
from torch import Tensor

from ..next_command import stronger
from .found import Baselines, say_sample

ADVICE = "another optimizer.lr, more data.negatives or, where validation's loss still falls, more epochs"
_USERS = 20_000  # whose lists are ranked within seconds


def popularity_baseline(
    data: Any, item_count: int, callbacks: Iterable[Any], seed: int = 1, l2: float | None = None
) -> Baselines | None:
    """Measure lists of the most popular items by the metrics of the run's callbacks.

    Args:
        data: Has ``pairs(split)`` and ``tests_on``, as :class:`.Ratings`.
        item_count: Number of items.
        callbacks: The run's; ``None`` is returned where none of them ranks.
        seed: Seed of the sample of users, where there are many.
        l2: The network's penalty, of which stronger ones are advised first: few clicks are soon learnt by heart.
    """
    rankings = [each for each in callbacks if isinstance(each, FullRanking | SampledRanking)]
    seen, held, trained = seen_pairs(data), data.pairs(data.tests_on), data.pairs("train")[1]
    if not rankings or not len(held[0]):
        return None
    users = held[0].unique()
    kept = users
    if len(users) > _USERS:
        kept = users[torch.randperm(len(users), generator=torch.Generator().manual_seed(seed))[:_USERS]]
        inside = torch.isin(held[0], kept)
        held = held[0][inside], held[1][inside]
    counts = torch.bincount(trained, minlength=item_count).float()  # of what the network is trained on, too

    def scores(block: Tensor) -> Tensor:
        return counts.repeat(len(block), 1)

    found: dict[str, float] = {}
    for each in rankings:
        if isinstance(each, FullRanking):
            found |= full_ranking(scores, seen, held, item_count, each.k, trained)
        else:
            found |= sampled_ranking(scores, seen, held, item_count, each.k, each.negatives, each.seed)
    sampled = say_sample("users", (0, 0), (len(kept), len(users)))
    advice = f"try {'' if l2 is None else f'-m model.l2={stronger(l2)} against overfitting, '}{ADVICE}"
    return Baselines({"popularity": found}, {"popularity": advice}, sampled) if found else None
