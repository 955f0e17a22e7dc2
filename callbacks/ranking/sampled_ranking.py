"""Ranking among a hundred: the protocol of He et al. 2017, for comparison with papers that use it.

**What it does.** After a test, sets each held-out item beside 99 drawn ones that its user has nowhere, and measures its place:
``hit_rate@10_of_100`` and ``ndcg@10_of_100``. The names say so: these figures are far higher than those of :class:`.FullRanking`,
and may even order models otherwise.

**When to use it.** To set a figure beside one from a paper of that kind; to judge a recommender, use :class:`.FullRanking`.

**Defaults.** k = 10, 99 drawn items.

**Sources.** He et al. 2017, "Neural collaborative filtering", section 4.1; Krichene & Rendle 2020 (why not to trust it).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from .full_ranking import recommender_of
from .user_items import CELLS, PairsByUser, ranked

log = logging.getLogger(__name__)


def sampled_ranking(
    scores: Callable[[Tensor], Tensor],
    seen: tuple[Tensor, Tensor],
    held: tuple[Tensor, Tensor],
    items: int,
    k: int = 10,
    drawn: int = 99,
    seed: int = 1,
) -> dict[str, float]:
    """Metrics of held-out items among drawn ones; means over held-out pairs, nothing where there is none.

    Args:
        scores: Of users ``int64 [B]`` for all items ``[B, items]``.
        seen: Users and items of the training pairs ``int64 [N]``, each.
        held: Likewise, to be found.
        items: How many there are.
        k: Places that count.
        drawn: Items set beside each, without repetition, none that the user has in training or test; fewer where there are
            fewer.
        seed: Of the draws.
    """
    if not len(held[0]):
        return {}
    generator = torch.Generator().manual_seed(seed)
    count = int(torch.cat([seen[0], held[0]]).max()) + 1
    has = PairsByUser(torch.cat([seen[0], held[0]]), torch.cat([seen[1], held[1]]), user_count=count)
    wanted = PairsByUser(*held, user_count=count)
    nothing = PairsByUser(held[0][:0], held[1][:0], user_count=count)
    hits, gains, pairs = 0.0, 0.0, 0
    for block, found in ranked(scores, held[0].unique(), nothing, items):
        taken = has.marks(block, items)
        for rows, targets in zip(*(each.split(max(1, CELLS // items)) for each in wanted.of(block)), strict=True):
            # The largest of random keys are a draw without repetition; where a user has nearly all, fewer are left.
            keys = torch.rand(len(rows), items, generator=generator).masked_fill_(taken[rows], -1)
            chances, others = keys.topk(min(drawn, items), 1)
            own = found[rows, targets][:, None]
            beside = found[rows].gather(1, others).masked_fill(chances < 0, float("-inf"))
            place = (beside > own).sum(1) + 0.5 * (beside == own).sum(1)  # a tie is half above
            inside = place < k
            hits += float(inside.double().sum())
            gains += float((inside / torch.log2(place.double() + 2)).sum())
            pairs += len(rows)
    return {f"hit_rate@{k}_of_{drawn + 1}": hits / pairs, f"ndcg@{k}_of_{drawn + 1}": gains / pairs}


class SampledRanking(Callback):
    """Measures them and adds ``test/hit_rate@k_of_100`` and ``test/ndcg@k_of_100`` to what the run records.

    Needs what :class:`.FullRanking` needs.

    Args:
        k: Places that count.
        drawn: Items set beside each.
        seed: Of the draws.

    Raises:
        MisconfigurationException: A number below 1.
    """

    watches_only = True

    def __init__(self, k: int = 10, drawn: int = 99, seed: int = 1) -> None:
        super().__init__()
        for name, value in (("k", k), ("drawn", drawn)):
            if value < 1:
                raise MisconfigurationException(f"callbacks.sampled_ranking.{name}={value} must be at least 1.")
        self.k, self.drawn, self.seed = k, drawn, seed

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure."""
        module, data = recommender_of(trainer, pl_module, type(self).__name__)
        pairs = data.pairs("train"), data.pairs(data.tests_on)
        found = sampled_ranking(module.scores, *pairs, module.item_count, self.k, self.drawn, self.seed)
        if not found:
            log.warning("SampledRanking: there is no held-out pair of a user and an item of training; nothing is measured.")
        pl_module.log_dict({f"test/{name}": value for name, value in found.items()}, rank_zero_only=True)
