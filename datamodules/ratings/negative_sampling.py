"""Negative sampling: items that a user didn't click on, drawn anew for each batch.

**What it does.** For each click it draws items that the user never clicked on in training: uniformly, or in proportion to a power
of the items' number of clicks.

**When to use it.** With clicks (views, purchases), which are all positive.

**Source.** Mikolov et al. 2013 (draws by a power of the frequency); Rendle et al. 2009 (items never clicked on).
"""

from __future__ import annotations

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

_ROUNDS = 50  # redraws before a user who clicked on nearly everything is treated item by item


class NegativeSampler:
    """Draws items that a user has no known pair with.

    Args:
        users: Codes of the users of all known pairs ``int64 [N]``, from 1.
        items: Codes of their items ``int64 [N]``, from 1.
        item_count: Number of items.
        power: Exponent of an item's number of pairs, to which its probability is proportional; 0: uniform.

    Attributes:
        log_chance: Logarithm of each item's probability, by code ``float32 [item_count + 1]``.

    Raises:
        MisconfigurationException: A user has all items.

    Example:
        >>> import torch
        >>> from practicum.datamodules.ratings.negative_sampling import NegativeSampler
        >>> sampler = NegativeSampler(users=torch.tensor([1, 1]), items=torch.tensor([1, 3]), item_count=3)
        >>> sampler.draw(torch.tensor([1]), 4, torch.Generator().manual_seed(0))
        tensor([[2, 2, 2, 2]])
    """

    def __init__(self, users: Tensor, items: Tensor, item_count: int, power: float = 0.0) -> None:
        self.item_count = item_count
        self.keys = (users * (item_count + 1) + items).sort().values
        self.keys = self.keys.unique_consecutive()
        owners = self.keys // (item_count + 1)
        if len(owners) and int((per_user := torch.bincount(owners)).max()) >= item_count:
            raise MisconfigurationException(
                f"The user with the code {int(per_user.argmax())} has all {item_count:,} items, so no negative can be drawn. "
                "Leave such users out, or train on ratings."
            )
        counts = torch.bincount(items, minlength=item_count + 1)[1:].double().clamp(min=1) ** power
        chances = counts / counts.sum()
        self.log_chance = torch.cat([torch.zeros(1, dtype=torch.float64), chances.log()]).float()
        self._cumulative = chances.cumsum(0) if power else None

    def known(self, users: Tensor, items: Tensor) -> Tensor:
        """Whether pairs are among the known ones, ``bool`` of the same shape."""
        if not len(self.keys):
            return torch.zeros(users.shape, dtype=torch.bool)
        keys = users * (self.item_count + 1) + items
        return self.keys[torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)] == keys

    def _draw_any(self, count: int, generator: torch.Generator) -> Tensor:
        if self._cumulative is None:
            return torch.randint(1, self.item_count + 1, (count,), generator=generator)
        positions = torch.searchsorted(self._cumulative, torch.rand(count, generator=generator, dtype=torch.float64))
        return positions.clamp(max=self.item_count - 1) + 1

    def draw(self, users: Tensor, count: int, generator: torch.Generator) -> Tensor:
        """Draw items for users.

        Args:
            users: Codes ``int [B]``; 0 is a user without known pairs.
            count: Items per user.
            generator: Source of randomness.

        Returns:
            Codes ``int64 [B, count]``.
        """
        owners = users.long().repeat_interleave(count)
        items = self._draw_any(len(owners), generator)
        wrong = self.known(owners, items).nonzero().squeeze(1)
        for _ in range(_ROUNDS):
            if not len(wrong):
                break
            items[wrong] = self._draw_any(len(wrong), generator)
            wrong = wrong[self.known(owners[wrong], items[wrong])]
        every = torch.arange(1, self.item_count + 1)
        for position in wrong.tolist():
            free = every[~self.known(owners[position].expand(self.item_count), every)]
            items[position] = free[torch.randint(len(free), (1,), generator=generator)]
        return items.view(len(users), count)
