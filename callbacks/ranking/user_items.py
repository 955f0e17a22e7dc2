"""Pairs of users and items in the order of users, so that what somebody has is found at once; and the first of their lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

CELLS = 1 << 23  # scores that are held at a time


class PairsByUser:
    """Which items each user has.

    Args:
        users: ``int64 [N]``, counted from 0.
        items: Likewise.
        user_count: Users that there are. Default: as the pairs have them.
    """

    def __init__(self, users: Tensor, items: Tensor, user_count: int = 0) -> None:
        counts = torch.bincount(users, minlength=user_count)
        self.items = items[users.argsort(stable=True)]
        self.starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])

    def of(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """Places in ``users`` and items ``[M]`` each, of all that these users have."""
        starts, counts = self.starts[users], self.starts[users + 1] - self.starts[users]
        before = counts.cumsum(0) - counts
        taken = torch.arange(int(counts.sum())) + (starts - before).repeat_interleave(counts)
        return torch.arange(len(users)).repeat_interleave(counts), self.items[taken]

    def marks(self, users: Tensor, item_count: int) -> Tensor:
        """Which items each user has ``bool [B, items]``."""
        marks = torch.zeros(len(users), item_count, dtype=torch.bool)
        marks[self.of(users)] = True
        return marks


def ranked(
    scores: Callable[[Tensor], Tensor], users: Tensor, seen: PairsByUser, item_count: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Scores of all items, a block of users at a time, so that memory stays bounded.

    Args:
        scores: Of users ``int64 [B]`` for all items ``[B, items]``; higher is better.
        users: Whose.
        seen: What they know already; it gets minus infinity.
        item_count: How many there are.

    Yields:
        Users ``[B]`` and scores ``[B, items]``.
    """
    for block in users.split(max(1, CELLS // item_count)):
        found = scores(block).detach().float().cpu()
        found[seen.of(block)] = float("-inf")
        yield block, found


def top_items(
    scores: Callable[[Tensor], Tensor], users: Tensor, seen: PairsByUser, item_count: int, k: int
) -> tuple[Tensor, Tensor]:
    """The best ``k`` items that users do not know, best first.

    Returns:
        Items ``int64 [users, k]`` (fewer where there are fewer) and their scores; minus infinity where somebody knows too many.
    """
    parts = [found.topk(min(k, item_count), 1) for _, found in ranked(scores, users, seen, item_count)]
    return torch.cat([each.indices for each in parts]), torch.cat([each.values for each in parts])
