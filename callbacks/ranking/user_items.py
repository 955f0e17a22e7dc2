"""Which items each user has, scores of all items in blocks of users, and the top of users' lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

MAX_SCORES = 1 << 23  # held in memory at a time: 32 MiB of float32


class UserItems:
    """The items of each user, sorted by user so that those of a few users are found at once.

    Args:
        users: Of each pair ``int64 [N]``, from 0.
        items: Of each pair ``int64 [N]``, from 0.
        user_count: Number of users. Default: as many as the pairs have.

    Example:
        >>> import torch
        >>> pairs = UserItems(torch.tensor([1, 0, 1]), torch.tensor([2, 0, 1]))
        >>> pairs.items_of(torch.tensor([1]))
        (tensor([0, 0]), tensor([2, 1]))
        >>> pairs.mask(torch.tensor([0, 1]), item_count=3)
        tensor([[ True, False, False],
                [False,  True,  True]])
    """

    def __init__(self, users: Tensor, items: Tensor, user_count: int = 0) -> None:
        counts = torch.bincount(users, minlength=user_count)
        self.items = items[users.argsort(stable=True)]
        self.starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])

    def items_of(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """Return all items of some users.

        Args:
            users: ``int64 [B]``.

        Returns:
            For each pair its position in ``users`` ``int64 [M]`` and its item ``int64 [M]``.
        """
        starts, counts = self.starts[users], self.starts[users + 1] - self.starts[users]
        before = counts.cumsum(0) - counts
        taken = torch.arange(int(counts.sum())) + (starts - before).repeat_interleave(counts)
        return torch.arange(len(users)).repeat_interleave(counts), self.items[taken]

    def mask(self, users: Tensor, item_count: int) -> Tensor:
        """Return which items each of some users has ``bool [B, items]``."""
        mask = torch.zeros(len(users), item_count, dtype=torch.bool)
        mask[self.items_of(users)] = True
        return mask


def score_blocks(
    scores: Callable[[Tensor], Tensor], users: Tensor, seen: UserItems, item_count: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Score all items for some users, a block of at most ``MAX_SCORES`` scores at a time, so that memory stays bounded.

    Args:
        scores: Takes users ``int64 [B]`` and returns scores of all items ``[B, items]``; higher is better.
        users: ``int64 [N]``.
        seen: Items that users know already; these get minus infinity.
        item_count: Number of items.

    Yields:
        Users ``[B]`` and scores ``float32 [B, items]`` on the CPU.
    """
    for block in users.split(max(1, MAX_SCORES // item_count)):
        found = scores(block).detach().float().cpu()
        found[seen.items_of(block)] = float("-inf")
        yield block, found


def top_items(
    scores: Callable[[Tensor], Tensor], users: Tensor, seen: UserItems, item_count: int, k: int
) -> tuple[Tensor, Tensor]:
    """Return the ``k`` items with the highest scores that users do not know, the highest first.

    Takes what :func:`score_blocks` takes.

    Returns:
        Items ``int64 [N, k]``, fewer where there are fewer, and their scores ``[N, k]``; minus infinity where a user knows
        too many.
    """
    parts = [found.topk(min(k, item_count), 1) for _, found in score_blocks(scores, users, seen, item_count)]
    return torch.cat([each.indices for each in parts]), torch.cat([each.values for each in parts])
