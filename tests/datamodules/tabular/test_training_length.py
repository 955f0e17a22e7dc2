"""Batches and epochs by rows: powers of two, never a handful of steps, never an endless training."""

from __future__ import annotations

import math

import pytest
from practicum.datamodules.tabular.training_length import choose_batch_size, choose_epochs


@pytest.mark.parametrize("rows", [1, 30, 150, 640, 3135, 13_210, 100_000, 1_000_000, 50_000_000])
def test_every_table_gets_enough_steps(rows: int) -> None:
    batch_size = choose_batch_size(rows)
    steps = choose_epochs(rows, batch_size) * math.ceil(rows / batch_size)
    assert batch_size & (batch_size - 1) == 0
    assert 32 <= batch_size <= 4096
    assert steps >= max(8 * rows / 4096, 500)


def test_more_rows_never_mean_smaller_batches_or_more_epochs() -> None:
    sizes = [choose_batch_size(rows) for rows in range(1, 500_000, 97)]
    assert sizes == sorted(sizes)
    epochs = [choose_epochs(rows, 256) for rows in range(1, 500_000, 97)]
    assert epochs == sorted(epochs, reverse=True)
    assert (epochs[0], epochs[-1]) == (500, 8)
    assert [choose_epochs(rows, choose_batch_size(rows)) for rows in (270, 640, 1000)] == [60, 60, 60]
