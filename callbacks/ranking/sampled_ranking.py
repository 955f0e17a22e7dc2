"""Sampled ranking: the protocol of He et al. 2017, for comparison with papers that use it.

**What it does.** After a test, ranks each held-out item among 99 sampled ones that its user has nowhere:
``hit_rate@10_of_100`` and ``ndcg@10_of_100``. The names tell them apart: these metrics are far higher than those of
:class:`.FullRanking`, and may even order models differently.

**When to use it.** To compare with a paper of that kind; to judge a recommender, use :class:`.FullRanking`.

**Defaults.** k = 10, 99 sampled negatives.

**Sources.** He et al. 2017, "Neural collaborative filtering", section 4.1; Krichene & Rendle 2020 (why not to trust it).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ..roles import Watcher
from . import user_items
from .contracts import require_recommender, seen_pairs
from .user_items import UserItems, score_blocks

log = logging.getLogger(__name__)


def sampled_ranking(
    scores: Callable[[Tensor], Tensor],
    seen: tuple[Tensor, Tensor],
    held: tuple[Tensor, Tensor],
    items: int,
    k: int = 10,
    negatives: int = 99,
    seed: int = 1,
) -> dict[str, float]:
    """Compute metrics of held-out items, each ranked among sampled negatives.

    Args:
        scores: Takes users ``int64 [B]`` and returns scores of all items ``[B, items]``; higher is better.
        seen: Users and items of the pairs known before ``int64 [N]``, see :func:`.seen_pairs`.
        held: Users and items of the held-out pairs ``int64 [M]``.
        items: Number of items.
        k: Ranks that count as a hit.
        negatives: Number of negatives for each pair, sampled without replacement from the items that the user has neither among
            those seen nor among those held out; fewer where there are fewer.
        seed: Of the sampling.

    Returns:
        ``hit_rate@k_of_n`` and ``ndcg@k_of_n`` with n = ``negatives`` + 1, means over held-out pairs. Empty where there is none.
    """
    if not len(held[0]):
        return {}
    generator = torch.Generator().manual_seed(seed)
    count = int(torch.cat([seen[0], held[0]]).max()) + 1
    has = UserItems(torch.cat([seen[0], held[0]]), torch.cat([seen[1], held[1]]), user_count=count)
    wanted = UserItems(*held, user_count=count)
    nothing = UserItems(held[0][:0], held[1][:0], user_count=count)
    hits, gains, pairs = 0.0, 0.0, 0
    for block, found in score_blocks(scores, held[0].unique(), nothing, items):
        taken = has.mask(block, items)
        size = max(1, user_items.MAX_SCORES // items)
        for rows, targets in zip(*(each.split(size) for each in wanted.items_of(block)), strict=True):
            # The largest of random keys are a sample without replacement; where a user has nearly all, fewer are left.
            keys = torch.rand(len(rows), items, generator=generator).masked_fill_(taken[rows], -1)
            top_keys, others = keys.topk(min(negatives, items), 1)
            own = found[rows, targets][:, None]
            beside = found[rows].gather(1, others).masked_fill(top_keys < 0, float("-inf"))
            rank = (beside > own).sum(1) + 0.5 * (beside == own).sum(1)  # a tie counts half
            inside = rank < k
            hits += float(inside.double().sum())
            gains += float((inside / torch.log2(rank.double() + 2)).sum())
            pairs += len(rows)
    return {f"hit_rate@{k}_of_{negatives + 1}": hits / pairs, f"ndcg@{k}_of_{negatives + 1}": gains / pairs}


class SampledRanking(Watcher):
    """Logs ``test/hit_rate@k_of_100`` and ``test/ndcg@k_of_100`` of a test.

    Needs a module with ``scores(users)``, which takes codes ``int64 [B]`` and returns ``[B, items]``, and ``item_count``; and a
    data module with ``pairs(split)``, users and items of a split ``int64 [N]`` each, from 0, and ``tests_on``, ``valid`` or
    ``test``.

    Args:
        k: Ranks that count as a hit.
        negatives: Number of sampled items that each held-out one is ranked among.
        seed: Of the sampling.

    Raises:
        MisconfigurationException: ``k`` or ``negatives`` is below 1, or the module or data module lacks one of these.

    Example:
        >>> import torch
        >>> from practicum.callbacks import SampledRanking
        >>> from practicum.callbacks.ranking.sampled_ranking import sampled_ranking
        >>> callback = SampledRanking(k=1, negatives=2)
        >>> table = torch.tensor([[0.9, 0.8, 0.1, 0.7]])  # the scores of one user, who has seen item 0
        >>> seen, held = (torch.tensor([0]), torch.tensor([0])), (torch.tensor([0]), torch.tensor([1]))
        >>> sampled_ranking(lambda users: table[users], seen, held, items=4, k=callback.k, negatives=callback.negatives)
        {'hit_rate@1_of_3': 1.0, 'ndcg@1_of_3': 1.0}
    """

    def __init__(self, k: int = 10, negatives: int = 99, seed: int = 1) -> None:
        super().__init__()
        for name, value in (("k", k), ("negatives", negatives)):
            if value < 1:
                raise MisconfigurationException(f"SampledRanking: {name}={value} must be at least 1.")
        self.k, self.negatives, self.seed = k, negatives, seed

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if something is missing, before anything is trained."""
        if getattr(trainer, "datamodule", None) is not None:
            require_recommender(trainer, pl_module, type(self).__name__)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure and log."""
        module, data = require_recommender(trainer, pl_module, type(self).__name__)
        pairs = seen_pairs(data), data.pairs(data.tests_on)
        metrics = sampled_ranking(module.scores, *pairs, module.item_count, self.k, self.negatives, self.seed)
        if not metrics:
            log.warning("SampledRanking: there is no held-out pair of a user and an item of training; nothing is measured.")
        pl_module.log_dict({f"test/{name}": value for name, value in metrics.items()}, rank_zero_only=True)
