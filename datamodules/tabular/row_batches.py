"""Batches of rows, each built by one index operation per tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

_BLOCK, _BLOCKS = 1 << 14, 16  # neighbouring rows that stay together, and how many such blocks are shuffled at a time


def _shuffle_blocks(rows: Tensor, generator: torch.Generator) -> Tensor:
    blocks = list(rows.split(_BLOCK))
    blocks = [blocks[number] for number in torch.randperm(len(blocks), generator=generator).tolist()]
    pools = [torch.cat(blocks[start : start + _BLOCKS]) for start in range(0, len(blocks), _BLOCKS)]
    return torch.cat([pool[torch.randperm(len(pool), generator=generator)] for pool in pools])


class RowBatches(Dataset[Any]):
    """Batches ``((inputs ...), targets)``.

    Use it with ``batch_size=None``, see :func:`.batch_loader`. Items are indexed by ``(epoch, number)``, as
    :class:`.SeededSampler` yields them. With ``shuffle`` each epoch has an order of its own, and a last batch of a single row is
    dropped (batch norm can't train on it).

    Args:
        inputs: Tensors ``[N, ...]`` with one entry per row.
        targets: ``[N]``.
        rows: Row numbers to use, in order. Default: all.
        batch_size: Rows per batch and process.
        shuffle: Whether to shuffle, as for training.
        seed: Seed of the order.
        by_blocks: Shuffle blocks of neighbouring rows, then the rows of a few blocks at a time: tensors on disk that are larger
            than memory are then read in long stretches.
        rank: This process; it takes every ``world_size``-th row.
        world_size: Number of processes. With ``shuffle`` each gets equally many rows (the first few are repeated if they don't
            divide evenly).
    """

    def __init__(
        self,
        inputs: Sequence[Tensor],
        targets: Tensor,
        rows: Tensor | None = None,
        batch_size: int = 1024,
        shuffle: bool = False,
        seed: int = 1,
        by_blocks: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.inputs, self.targets = tuple(inputs), targets
        self.rows = torch.arange(len(targets)) if rows is None else rows
        self.batch_size, self.shuffle, self.seed, self.by_blocks = batch_size, shuffle, seed, by_blocks
        self.rank, self.world_size = rank, world_size
        self._order: tuple[int, Tensor] | None = None

    def order(self, epoch: int) -> Tensor:
        """Row numbers of this process in the order of an epoch."""
        if self._order is None or (self.shuffle and self._order[0] != epoch):
            rows = self.rows
            if self.shuffle:
                generator = torch.Generator().manual_seed(int(np.random.SeedSequence((self.seed, epoch)).generate_state(1)[0]))
                shuffled = _shuffle_blocks if self.by_blocks else _shuffle
                rows = shuffled(rows, generator)
                most = math.ceil(len(rows) / self.world_size) * self.world_size
                rows = torch.cat([rows, rows[: most - len(rows)]]) if most > len(rows) else rows
            self._order = epoch, rows[self.rank :: self.world_size]
        return self._order[1]

    def __len__(self) -> int:
        count = len(self.order(0))
        batches = math.ceil(count / self.batch_size)
        return batches - 1 if self.shuffle and batches > 1 and count % self.batch_size == 1 else batches

    def __getitem__(self, key: tuple[int, int]) -> tuple[tuple[Tensor, ...], Tensor]:
        epoch, number = key
        rows = self.order(epoch)[number * self.batch_size : (number + 1) * self.batch_size]
        return tuple(each.index_select(0, rows) for each in self.inputs), self.targets.index_select(0, rows)


def _shuffle(rows: Tensor, generator: torch.Generator) -> Tensor:
    return rows[torch.randperm(len(rows), generator=generator)]
