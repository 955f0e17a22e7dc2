"""Full ranking: how far up a recommender's list the things lie that people went on to choose.

**What it does.** After a test, scores *all* items for each user with held-out ones, leaves out those seen in training, and
measures the first k of the list: NDCG, hit rate, recall, mean average precision; over all lists coverage (share of the items
that stand in any) and novelty (how rare what is recommended is: mean of ``-log2`` of an item's share of the training rows).

**When to use it.** Where a list is wanted rather than a number. Not to be compared with figures of the 99-sampled-negatives
protocol: among a hundred items the right one is found more easily than among all.

**Defaults.** k = 10.

**Sources.** Järvelin & Kekäläinen 2002 (NDCG); Krichene & Rendle 2020, "On sampled metrics for item recommendation".
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from .user_items import PairsByUser, ranked

log = logging.getLogger(__name__)


def full_ranking(
    scores: Callable[[Tensor], Tensor], seen: tuple[Tensor, Tensor], held: tuple[Tensor, Tensor], items: int, k: int = 10
) -> dict[str, float]:
    """Metrics of the first ``k`` of everybody's list.

    Args:
        scores: Of users ``int64 [B]`` for all items ``[B, items]``; higher is better.
        seen: Users and items of the training pairs ``int64 [N]``, each; these are left out of the lists.
        held: Users and items of the pairs to be found ``int64 [M]``, each.
        items: How many there are.
        k: Length of the lists.

    Returns:
        ``ndcg@k hit_rate@k recall@k map@k``, means over users with held-out items that they had not seen; ``coverage@k``,
        ``novelty@k``. Nothing where no user has any.
    """
    users = held[0].unique()
    count = int(max(users.max(), seen[0].max() if len(seen[0]) else 0)) + 1 if len(users) else 0
    known, wanted_of = (PairsByUser(*pairs, user_count=count) for pairs in (seen, held))
    totals = torch.zeros(4, dtype=torch.float64)
    recommended = torch.zeros(items, dtype=torch.long)
    discount = 1 / torch.log2(torch.arange(k, dtype=torch.float64) + 2)
    counted = 0
    for block, scores_of_all in ranked(scores, users, known, items):
        wanted = wanted_of.marks(block, items) & ~known.marks(block, items)
        rows = wanted.any(1)
        block_scores, wanted = scores_of_all[rows], wanted[rows]
        values, top = block_scores.topk(min(k, items), dim=1)
        hits = wanted.gather(1, top).double()
        there = wanted.sum(1).clamp(max=k)
        at = discount[: hits.shape[1]]
        ideal = at.cumsum(0)[(there - 1).clamp(max=len(at) - 1)]
        precision = hits.cumsum(1) / torch.arange(1, hits.shape[1] + 1)
        totals += torch.stack(
            [
                ((hits * at).sum(1) / ideal).sum(),
                (hits.sum(1) > 0).double().sum(),
                (hits.sum(1) / wanted.sum(1)).sum(),
                ((hits * precision).sum(1) / there).sum(),
            ]
        )
        recommended += torch.bincount(top[values > float("-inf")], minlength=items)
        counted += int(rows.sum())
    if not counted:
        return {}
    share = torch.bincount(seen[1], minlength=items).double().clamp(min=1) / max(1, len(seen[1]))
    novelty = float((recommended * -share.log2()).sum() / recommended.sum())
    names = (f"ndcg@{k}", f"hit_rate@{k}", f"recall@{k}", f"map@{k}")
    found = dict(zip(names, (totals / counted).tolist(), strict=True))
    return found | {f"coverage@{k}": float((recommended > 0).double().mean()), f"novelty@{k}": novelty}


def recommender_of(
    trainer: Trainer, pl_module: LightningModule, callback: str, *more: str, data_has: tuple[str, ...] = ()
) -> tuple[Any, Any]:
    """The module and the data module, if they are of recommendations.

    Args:
        trainer: Has the data module.
        pl_module: The module.
        callback: Who asks.
        more: What else it needs of the module.
        data_has: What else it needs of the data module.

    Raises:
        MisconfigurationException: One lacks what ``callback`` needs.
    """
    data: Any = getattr(trainer, "datamodule", None)
    wanted = [(pl_module, name) for name in ("scores", "item_count", *more)]
    wanted += [(data, name) for name in ("pairs", "tests_on", *data_has)]
    for owner, name in wanted:
        if not hasattr(owner, name):
            raise MisconfigurationException(f"{callback} needs {type(owner).__name__}.{name}.")
    return pl_module, data


class FullRanking(Callback):
    """Measures the test's lists and adds ``test/ndcg@k`` and the others to what the run records.

    Needs a module with ``scores(users)`` ``[B, items]``, of codes ``int64 [B]``, and a data module with ``pairs(split)``, users
    and items of a split ``int64 [N]`` each, from 0, and ``tests_on``.

    Args:
        k: Length of the lists.

    Raises:
        MisconfigurationException: One of these is missing.
    """

    watches_only = True

    def __init__(self, k: int = 10) -> None:
        super().__init__()
        if k < 1:
            raise MisconfigurationException(f"callbacks.ranking.k={k} must be at least 1.")
        self.k = k

    def on_test_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Measure."""
        module, data = recommender_of(trainer, pl_module, type(self).__name__)
        found = full_ranking(module.scores, data.pairs("train"), data.pairs(data.tests_on), module.item_count, self.k)
        if not found:
            log.warning("FullRanking: no user has a held-out item that was not seen in training; nothing is measured.")
        pl_module.log_dict({f"test/{name}": value for name, value in found.items()}, rank_zero_only=True)
