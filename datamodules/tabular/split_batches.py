"""The batches of one split of a table's arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import MisconfigurationException

from ..loading.batch_loader import process_of
from .row_batches import RowBatches
from .table_cache import TableArrays


def split_batches(
    arrays: TableArrays,
    inputs: Sequence[Any],
    split: str,
    batch_size: int,
    shuffle: bool,
    seed: int,
    max_gb: float,
    trainer: Any = None,
    also: Sequence[str] = (),
) -> RowBatches:
    """Batches of the rows of a split.

    Args:
        arrays: The table.
        inputs: Its arrays ``[rows, ...]`` that the model takes.
        split: ``train``, ``valid`` or ``test``.
        batch_size: Rows per batch and process; four times as many without ``shuffle``, as no backward pass follows.
        shuffle: Whether to shuffle, as for training.
        seed: Seed of the order.
        max_gb: Larger inputs are shuffled by blocks.
        trainer: Gives the process's rank; ``None``: a single process.
        also: Other splits whose rows are added.

    Raises:
        MisconfigurationException: The split has no rows.
    """
    if split not in arrays.rows:
        raise MisconfigurationException(f"No row is in the split {split}.")
    return RowBatches(
        [torch.from_numpy(each) for each in inputs],
        torch.from_numpy(arrays.targets),
        torch.from_numpy(np.concatenate([arrays.rows[each] for each in (split, *also)])),
        batch_size if shuffle else 4 * batch_size,
        shuffle,
        seed,
        by_blocks=sum(each.nbytes for each in inputs) > max_gb * 1e9,
        **process_of(trainer),
    )
