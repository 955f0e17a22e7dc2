"""The order of a data set: seeded, different in every epoch, distributed over ranks.

Yields ``(epoch, index)`` instead of a bare index, so that a data set can make its randomness (augmentation) a function of
``(seed, epoch, index)``, which neither workers nor a resume change. As a subclass of torch's ``DistributedSampler`` it is told
the epoch by Lightning and not replaced.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch.utils.data import Dataset, DistributedSampler

Key = tuple[int, int]


class SeededSampler(DistributedSampler[Key]):
    """Indices of a data set as pairs ``(epoch, index)``, with a position that can be saved and restored.

    Args:
        dataset: Any data set with a length.
        shuffle: Whether the order changes with the epoch; otherwise it is that of the data set.
        seed: Seed of the order.
        rank: Rank of this process.
        world_size: Number of processes. With ``shuffle`` each gets the same number of indices (the first few are repeated if
            necessary); without, each index goes to exactly one process.

    Example:
        >>> from practicum.datamodules.loading.seeded_sampler import SeededSampler
        >>> sampler = SeededSampler(range(5), shuffle=False, seed=1, rank=1, world_size=2)
        >>> list(sampler)
        [(0, 1), (0, 3)]
    """

    def __init__(self, dataset: Dataset[Any], shuffle: bool, seed: int, rank: int = 0, world_size: int = 1) -> None:
        super().__init__(dataset, num_replicas=world_size, rank=rank, shuffle=shuffle, seed=seed)
        if not shuffle:
            self.num_samples = len(range(rank, len(dataset), world_size))  # type: ignore[arg-type]
        self._done = 0  # yielded in the current pass
        self._skip = 0  # to be skipped in the next pass, after a resume

    def __iter__(self) -> Iterator[Key]:
        order: Any = super().__iter__() if self.shuffle else range(self.rank, len(self.dataset), self.num_replicas)  # type: ignore[arg-type]
        start, self._skip = self._skip, 0
        for self._done, index in enumerate(order, 1):
            if self._done > start:
                yield self.epoch, index
        self._done = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning when an epoch begins; a position restored from another epoch is dropped."""
        if epoch != self.epoch:
            self._skip = 0
        super().set_epoch(epoch)

    def state_dict(self) -> dict[str, int]:
        """The epoch and the position in it."""
        return {"epoch": self.epoch, "done": self._done}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Continue where :meth:`state_dict` was taken."""
        self.epoch, self._skip = state["epoch"], state["done"]
