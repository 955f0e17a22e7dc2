"""Items that somebody did not click on, drawn anew for each batch.

**What it does.** For each click of a batch it draws items that its user never clicked on in training: all alike, or by a power of
how often they are clicked on. Draws depend on the seed, the epoch and the batch alone, so a resumed run sees the same.

**When to use it.** Clicks (views, purchases), of which there are only positive ones.

**Source.** Mikolov et al. 2013 (draws by a power of the frequency); Rendle et al. 2009 (items never clicked on).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torch.utils.data import Dataset

from ..tabular.row_batches import RowBatches

_ROUNDS = 50  # draws before somebody who clicked on nearly all is looked at item by item


class NegativeSampler:
    """Draws items outside of each user's own.

    Args:
        users: Codes of the known pairs ``int64 [N]``, from 1.
        items: Likewise.
        item_count: Items that there are.
        power: Of an item's count of pairs, to which its chance is in proportion; 0: all alike.

    Raises:
        MisconfigurationException: Somebody clicked on everything.
    """

    def __init__(self, users: Tensor, items: Tensor, item_count: int, power: float = 0.0) -> None:
        self.item_count = item_count
        self.keys = (users * (item_count + 1) + items).sort().values
        self.keys = self.keys.unique_consecutive()
        owners = self.keys // (item_count + 1)
        if len(owners) and int((per_user := torch.bincount(owners)).max()) >= item_count:
            raise MisconfigurationException(
                f"The user with the code {int(per_user.argmax())} has all {item_count:,} items; none is left to set beside. "
                "Leave such users out, or learn from ratings."
            )
        weights = torch.bincount(items, minlength=item_count + 1)[1:].double().clamp(min=1) ** power
        chances = weights / weights.sum()
        self.log_chance = torch.cat([torch.zeros(1, dtype=torch.float64), chances.log()]).float()
        self._steps = chances.cumsum(0) if power else None

    def known(self, users: Tensor, items: Tensor) -> Tensor:
        """Whether pairs are among the known ones."""
        if not len(self.keys):
            return torch.zeros(users.shape, dtype=torch.bool)
        keys = users * (self.item_count + 1) + items
        return self.keys[torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)] == keys

    def _draw(self, count: int, generator: torch.Generator) -> Tensor:
        if self._steps is None:
            return torch.randint(1, self.item_count + 1, (count,), generator=generator)
        places = torch.searchsorted(self._steps, torch.rand(count, generator=generator, dtype=torch.float64))
        return places.clamp(max=self.item_count - 1) + 1

    def draw(self, users: Tensor, count: int, generator: torch.Generator) -> Tensor:
        """Items ``int64 [B, count]``, by code, for users ``[B]``, by code; 0 is a user without known pairs."""
        owners = users.long().repeat_interleave(count)
        items = self._draw(len(owners), generator)
        wrong = self.known(owners, items).nonzero().squeeze(1)
        for _ in range(_ROUNDS):
            if not len(wrong):
                break
            items[wrong] = self._draw(len(wrong), generator)
            wrong = wrong[self.known(owners[wrong], items[wrong])]
        every = torch.arange(1, self.item_count + 1)
        for place in wrong.tolist():
            free = every[~self.known(owners[place].expand(self.item_count), every)]
            items[place] = free[torch.randint(len(free), (1,), generator=generator)]
        return items.view(len(users), count)


class ClickBatches(Dataset[Any]):
    """Batches of clicks with items that were not clicked on.

    Args:
        batches: Of clicks: the first input's first two columns are users and items, by code.
        sampler: Draws.
        count: Items beside each click.
        seed: Of the draws.

    Shape:
        ``((codes, numbers, items int64 [B, count], log of how often each is to be expected [B, count]), targets)``.
    """

    def __init__(self, batches: RowBatches, sampler: NegativeSampler, count: int, seed: int) -> None:
        self.batches, self.sampler, self.count, self.seed = batches, sampler, count, seed

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, key: tuple[int, int]) -> tuple[tuple[Tensor, ...], Tensor]:
        inputs, targets = self.batches[key]
        epoch = key[0] if self.batches.shuffle else 0  # validation is asked the same each time
        place = (self.seed, epoch, key[1], self.batches.rank, int(self.batches.shuffle))
        generator = torch.Generator().manual_seed(int(np.random.SeedSequence(place).generate_state(1)[0]))
        items = self.sampler.draw(inputs[0][:, 0], self.count, generator)
        return (*inputs, items, self.sampler.log_chance[items] + math.log(self.count)), targets
