"""Padded batches of documents of similar length, each gathered by one index operation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .bptt_windows import token_ids
from .tokenizer import SPECIALS

PAD = SPECIALS.index("xxpad")
_POOL = 50  # batches per pool, within which documents are sorted by length


class DocumentBatches(Dataset[tuple[Tensor, Tensor]]):
    """Batches ``(tokens, target)`` of documents: ``int64 [B, T]``, padded at the end, and ``int64 [B]``.

    Use it with ``DataLoader(..., batch_size=None)``. It is indexed by ``(epoch, number)`` as :class:`.SeededSampler` yields. With
    ``shuffle``, documents are drawn into pools and sorted by length within them, and the batches are shuffled, anew in each
    epoch; otherwise they come longest first, or in their original order.

    Args:
        tokens: All documents, concatenated; may be memory-mapped.
        starts: Where each document begins, and where the last one ends ``[documents + 1]``.
        targets: ``int64 [documents]``.
        batch_size: Documents per batch and process.
        shuffle: Use the shuffled order of training.
        sort: Longest first, if not shuffled.
        reverse: Read each document backwards.
        seed: Seed of the order.
        rank: Index of this process; it gets every ``world_size``-th document.
        world_size: Number of processes; with ``shuffle`` each gets equally many documents (a few of them twice if the number is
            not divisible).

    Raises:
        MisconfigurationException: ``tokens`` are not integers.

    Example:
        >>> import numpy as np
        >>> import torch
        >>> from practicum.datamodules.text.document_batches import DocumentBatches
        >>> batches = DocumentBatches(np.array([5, 6, 7, 8, 9]), np.array([0, 2, 5]), torch.tensor([0, 1]), batch_size=2)
        >>> tokens, targets = batches[0, 0]
        >>> tokens.tolist(), targets.tolist()
        ([[7, 8, 9], [5, 6, 1]], [1, 0])
    """

    def __init__(
        self,
        tokens: np.ndarray[Any, Any],
        starts: np.ndarray[Any, Any],
        targets: Tensor,
        batch_size: int,
        shuffle: bool = False,
        sort: bool = True,
        reverse: bool = False,
        seed: int = 1,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.tokens = token_ids(tokens, "DocumentBatches")
        self.targets, self.batch_size, self.reverse = targets, batch_size, reverse
        self.shuffle, self.seed, self.rank, self.world_size = shuffle, seed, rank, world_size
        self._begin, self._length = starts[:-1], np.diff(starts)
        #: Indices of the documents in the order of an unshuffled pass over all processes.
        self.order = np.argsort(-self._length, kind="stable") if sort and not shuffle else np.arange(len(self._length))
        self._plan: tuple[int, list[np.ndarray[Any, Any]]] | None = None

    def _batches(self, epoch: int) -> list[np.ndarray[Any, Any]]:
        if self._plan is None or (self.shuffle and self._plan[0] != epoch):
            self._plan = epoch, self._shuffled(epoch) if self.shuffle else self._in_order()
        return self._plan[1]

    def _in_order(self) -> list[np.ndarray[Any, Any]]:
        mine = self.order[self.rank :: self.world_size]
        if self.world_size == 1:
            return self._cut(mine)
        # Every process needs the same number of batches, or one would wait for the others forever.
        most = math.ceil(len(self.order) / self.world_size)
        count = min(math.ceil(most / self.batch_size), len(self.order) // self.world_size)
        return np.array_split(mine, max(1, count))

    def _cut(self, order: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
        return [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]

    def _shuffled(self, epoch: int) -> list[np.ndarray[Any, Any]]:
        rng = np.random.default_rng([self.seed, epoch])
        order = rng.permutation(len(self._length))
        order = np.resize(order, -(-len(order) // self.world_size) * self.world_size)[self.rank :: self.world_size]
        pools = [order[start : start + _POOL * self.batch_size] for start in range(0, len(order), _POOL * self.batch_size)]
        batches = [batch for pool in pools for batch in self._cut(pool[np.argsort(-self._length[pool], kind="stable")])]
        if len(batches) > 1 and len(batches[-1]) == 1:  # BatchNorm has no variance over a single document
            batches.pop()
        return [batches[number] for number in rng.permutation(len(batches))]

    def __len__(self) -> int:
        return len(self._batches(0))

    def __getitem__(self, key: tuple[int, int]) -> tuple[Tensor, Tensor]:
        epoch, number = key
        rows = self._batches(epoch)[number]
        lengths = self._length[rows]
        steps = np.arange(lengths.max())
        inside = steps < lengths[:, None]
        places = (lengths[:, None] - 1 - steps if self.reverse else steps) + self._begin[rows][:, None]
        x = np.full(inside.shape, PAD, np.int64)
        x[inside] = self.tokens[places[inside]]
        return torch.from_numpy(x), self.targets[torch.from_numpy(rows)]
