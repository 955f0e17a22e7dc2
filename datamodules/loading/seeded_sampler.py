"""The order of a data set: seeded, another in every epoch, shared out by rank.

Yields ``(epoch, index)`` in place of a bare index, so that a data set can make its randomness (augmentation) a function of
``(seed, epoch, index)``: neither workers nor a resume then change what is drawn. Being torch's own ``DistributedSampler``,
Lightning tells it the epoch and leaves it in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.utils.data import Dataset, DistributedSampler

Key = tuple[int, int]


class SeededSampler(DistributedSampler[Key]):
    """Indices of a data set as pairs ``(epoch, index)``, with a position that can be saved and taken up again.

    Args:
        dataset: Anything with a length.
        shuffle: Whether the order changes with the epoch; otherwise it is that of the data set.
        seed: Of the order.
        rank: This process.
        world_size: Number of processes. With ``shuffle`` each gets equally many (the first few indices twice where it does
            not divide); without, each index goes to exactly one.
    """

    def __init__(self, dataset: Dataset[Any], shuffle: bool, seed: int, rank: int = 0, world_size: int = 1) -> None:
        super().__init__(dataset, num_replicas=world_size, rank=rank, shuffle=shuffle, seed=seed)
        if not shuffle:
            self.num_samples = len(range(rank, len(dataset), world_size))  # type: ignore[arg-type]
        self._done = 0  # yielded in the present pass
        self._skip = 0  # to be passed over in the next one, after a resume

    def __iter__(self) -> Iterator[Key]:
        order: Any = super().__iter__() if self.shuffle else range(self.rank, len(self.dataset), self.num_replicas)  # type: ignore[arg-type]
        start, self._skip = self._skip, 0
        for self._done, index in enumerate(order, 1):
            if self._done > start:
                yield self.epoch, index
        self._done = 0

    def set_epoch(self, epoch: int) -> None:
        """Lightning's word that an epoch begins; a position taken up from another epoch is not one in this."""
        if epoch != self.epoch:
            self._skip = 0
        super().set_epoch(epoch)

    def state_dict(self) -> dict[str, int]:
        """Epoch and position."""
        return {"epoch": self.epoch, "done": self._done}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on where :meth:`state_dict` was taken."""
        self.epoch, self._skip = state["epoch"], state["done"]
