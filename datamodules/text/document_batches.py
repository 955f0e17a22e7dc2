"""Batches of documents of about the same length, each built by one index operation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .tokenizer import SPECIALS

PAD = SPECIALS.index("xxpad")
_POOL = 50  # batches whose documents are sorted by length at a time


class DocumentBatches(Dataset[tuple[Tensor, Tensor]]):
    """Documents in batches ``(tokens, class)``: ``int64 [B, T]``, padded at their ends, and ``int64 [B]``.

    Take it with ``batch_size=None``. Items are asked for by ``(epoch, number)``, as :class:`.SeededSampler` gives them. In
    training documents are drawn into pools, sorted there by length, and the batches shuffled, anew in each epoch; else they come
    longest first, or in their own order.

    Args:
        tokens: All documents in succession, may lie on disk.
        starts: Where each begins, and where the last ends ``[documents + 1]``.
        targets: ``int64 [documents]``.
        batch_size: Documents, on each process.
        shuffle: Training's order.
        sort: Longest first, where not shuffled.
        reverse: Give each document from its end.
        seed: Of the order.
        rank: This process; it has every so many-th document.
        world_size: Number of processes; with ``shuffle`` each gets as many batches (some documents twice where it does not
            divide).
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
        self.tokens, self.targets, self.batch_size, self.reverse = tokens, targets, batch_size, reverse
        self.shuffle, self.seed, self.rank, self.world_size = shuffle, seed, rank, world_size
        self._begin, self._length = starts[:-1], np.diff(starts)
        #: Documents in the order of an unshuffled pass, of all processes.
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
        # As many batches on each process, or one would wait for the others for ever.
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
        if len(batches) > 1 and len(batches[-1]) == 1:  # one document would leave BatchNorm without a deviation
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
