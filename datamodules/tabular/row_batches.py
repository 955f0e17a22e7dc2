"""Batches of rows of ready tensors, each built by one index operation a tensor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

_BLOCK, _BLOCKS = 1 << 14, 16  # neighbouring rows that stay together, and how many such blocks are shuffled at a time


def _near(rows: Tensor, generator: torch.Generator) -> Tensor:
    blocks = list(rows.split(_BLOCK))
    blocks = [blocks[number] for number in torch.randperm(len(blocks), generator=generator).tolist()]
    pools = [torch.cat(blocks[start : start + _BLOCKS]) for start in range(0, len(blocks), _BLOCKS)]
    return torch.cat([pool[torch.randperm(len(pool), generator=generator)] for pool in pools])


class RowBatches(Dataset[Any]):
    """Rows in batches ``((inputs ...), targets)``.

    Take it with ``batch_size=None``. Items are asked for by ``(epoch, number)``, as :class:`.SeededSampler` gives them. In
    training the rows are shuffled anew in each epoch, and a last batch of a single row is left out (batch norm has no deviation
    of it).

    Args:
        inputs: Tensors of a row each ``[N, ...]``.
        targets: ``[N]``.
        rows: Those that take part, in their order; default all.
        batch_size: Rows, on each process.
        shuffle: Training's order.
        seed: Of the order.
        rank: This process; it has every so many-th row.
        near: Shuffle blocks of neighbouring rows, then the rows of a few blocks at a time: for tensors on disk that are larger
            than memory, which are then read in stretches.
        world_size: Number of processes; with ``shuffle`` each gets as many rows (the first few twice where it does not divide).
    """

    def __init__(
        self,
        inputs: Sequence[Tensor],
        targets: Tensor,
        rows: Tensor | None = None,
        batch_size: int = 1024,
        shuffle: bool = False,
        seed: int = 1,
        near: bool = False,
        rank: int = 0,
        world_size: int = 1,
    ) -> None:
        self.inputs, self.targets = tuple(inputs), targets
        self.rows = torch.arange(len(targets)) if rows is None else rows
        self.batch_size, self.shuffle, self.seed, self.near = batch_size, shuffle, seed, near
        self.rank, self.world_size = rank, world_size
        self._order: tuple[int, Tensor] | None = None

    def order(self, epoch: int) -> Tensor:
        """Rows of this process in the order of an epoch."""
        if self._order is None or (self.shuffle and self._order[0] != epoch):
            rows = self.rows
            if self.shuffle:
                generator = torch.Generator().manual_seed(int(np.random.SeedSequence((self.seed, epoch)).generate_state(1)[0]))
                rows = _near(rows, generator) if self.near else rows[torch.randperm(len(rows), generator=generator)]
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
