"""Full ranking: how high a recommender ranks the held-out items of each user among all items.

**What it does.** After a test, scores *all* items for each user with held-out ones, leaves out those seen in training (and in
validation, where the test is apart from it), and measures the first k of the list: NDCG, hit rate, recall, mean average
precision; over all lists coverage (share of the items that occur in any) and novelty (mean of ``-log2`` of an item's share of the
training rows).

**When to use it.** Where a list is wanted rather than a rating. Not comparable with metrics of the protocol with 99 sampled
negatives: the right item is found more easily among a hundred than among all.

**Defaults.** k = 10.

**Sources.** Järvelin & Kekäläinen 2002 (NDCG); Krichene & Rendle 2020, "On sampled metrics for item recommendation".
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ..roles import Watcher
from .contracts import require_recommender, seen_pairs
from .user_items import UserItems, score_blocks

log = logging.getLogger(__name__)


def full_ranking(
    scores: Callable[[Tensor], Tensor],
    seen: tuple[Tensor, Tensor],
    held: tuple[Tensor, Tensor],
    items: int,
    k: int = 10,
    trained: Tensor | None = None,
) -> dict[str, float]:
    """Compute metrics of the first ``k`` items of each user's list.

    Args:
        scores: Takes users ``int64 [B]`` and returns scores of all items ``[B, items]``; higher is better.
        seen: Users and items of the pairs known before ``int64 [N]``, see :func:`.seen_pairs`; these are left out of the lists.
        held: Users and items of the held-out pairs ``int64 [M]``.
        items: Number of items.
        k: Length of the lists.
        trained: Items of the training pairs ``int64 [T]``, for the novelty; ``None``: those of ``seen``.

    Returns:
        ``ndcg@k hit_rate@k recall@k map@k``, means over users with held-out items that they had not seen; ``coverage@k``,
        ``novelty@k``. Empty where there is no such user.
    """
    users = held[0].unique()
    count = int(max(users.max(), seen[0].max() if len(seen[0]) else 0)) + 1 if len(users) else 0
    known, relevant = (UserItems(*pairs, user_count=count) for pairs in (seen, held))
    totals = torch.zeros(4, dtype=torch.float64)
    recommended = torch.zeros(items, dtype=torch.long)
    discount = 1 / torch.log2(torch.arange(k, dtype=torch.float64) + 2)
    counted = 0
    for block, scores_of_all in score_blocks(scores, users, known, items):
        wanted = relevant.mask(block, items) & ~known.mask(block, items)
        rows = wanted.any(1)
        block_scores, wanted = scores_of_all[rows], wanted[rows]
        values, top = block_scores.topk(min(k, items), dim=1)
        hits = wanted.gather(1, top).double()
        reachable = wanted.sum(1).clamp(max=k)
        at = discount[: hits.shape[1]]
        ideal = at.cumsum(0)[(reachable - 1).clamp(max=len(at) - 1)]
        precision = hits.cumsum(1) / torch.arange(1, hits.shape[1] + 1)
        totals += torch.stack(
            [
                ((hits * at).sum(1) / ideal).sum(),
                (hits.sum(1) > 0).double().sum(),
                (hits.sum(1) / wanted.sum(1)).sum(),
                ((hits * precision).sum(1) / reachable).sum(),
            ]
        )
        recommended += torch.bincount(top[values > float("-inf")], minlength=items)
        counted += int(rows.sum())
    if not counted:
        return {}
    trained = seen[1] if trained is None else trained
    share = torch.bincount(trained, minlength=items).double().clamp(min=1) / max(1, len(trained))
    novelty = float((recommended * -share.log2()).sum() / recommended.sum())
    names = (f"ndcg@{k}", f"hit_rate@{k}", f"recall@{k}", f"map@{k}")
    metrics = dict(zip(names, (totals / counted).tolist(), strict=True))
    return metrics | {f"coverage@{k}": float((recommended > 0).double().mean()), f"novelty@{k}": novelty}


class FullRanking(Watcher):
    """Logs ``test/ndcg@k``, ``hit_rate@k``, ``recall@k``, ``map@k``, ``coverage@k`` and ``novelty@k`` of a test.

    Needs a module with ``scores(users)``, which takes codes ``int64 [B]`` and returns ``[B, items]``, and ``item_count``; and a
    data module with ``pairs(split)``, users and items of a split ``int64 [N]`` each, from 0, and ``tests_on``, ``valid`` or
    ``test``.

    Args:
        k: Length of the lists.

    Raises:
        MisconfigurationException: One of these is missing, or ``k`` is below 1.

    Example:
        >>> import torch
        >>> from practicum.callbacks import FullRanking
        >>> from practicum.callbacks.ranking.full_ranking import full_ranking
        >>> callback = FullRanking(k=2)  # Trainer(callbacks=[callback]) logs test/ndcg@2 and others
        >>> table = torch.tensor([[0.9, 0.8, 0.1, 0.7]])  # the scores of one user, who has seen item 0
        >>> seen, held = (torch.tensor([0]), torch.tensor([0])), (torch.tensor([0]), torch.tensor([3]))
        >>> metrics = full_ranking(lambda users: table[users], seen, held, items=4, k=callback.k)
        >>> metrics["hit_rate@2"], metrics["map@2"]
        (1.0, 0.5)
    """

    def __init__(self, k: int = 10) -> None:
        super().__init__()
        if k < 1:
            raise MisconfigurationException(f"FullRanking: k={k} must be at least 1.")
        self.k = k

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if something is missing, before anything is trained."""
        if getattr(trainer, "datamodule", None) is not None:
            require_recommender(trainer, pl_module, type(self).__name__)

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure and log."""
        module, data = require_recommender(trainer, pl_module, type(self).__name__)
        seen, held, trained = seen_pairs(data), data.pairs(data.tests_on), data.pairs("train")[1]
        metrics = full_ranking(module.scores, seen, held, module.item_count, self.k, trained)
        if not metrics:
            log.warning("FullRanking: no user has a held-out item that was not seen before; nothing is measured.")
        pl_module.log_dict({f"test/{name}": value for name, value in metrics.items()}, rank_zero_only=True)
