"""Every row once per epoch, in an order of the epoch's own, divided among processes."""

from __future__ import annotations

import torch
from practicum.datamodules.loading.batch_loader import batch_loader
from practicum.datamodules.tabular.row_batches import RowBatches


def batches(count: int = 103, **options: int | bool) -> RowBatches:
    return RowBatches([torch.arange(count) * 10], torch.arange(count), batch_size=10, **options)  # type: ignore[arg-type]


def seen(data: RowBatches, epoch: int) -> list[int]:
    rows = []
    for number in range(len(data)):
        (x,), y = data[epoch, number]
        assert torch.equal(x, y * 10)
        rows += y.tolist()
    return rows


def test_each_row_once_in_another_order_each_epoch() -> None:
    data = batches(shuffle=True)
    first, second = seen(data, 0), seen(data, 1)
    assert sorted(first) == sorted(second) == list(range(103))
    assert first != second
    assert first == seen(batches(shuffle=True), 0)
    assert first != seen(batches(shuffle=True, seed=2), 0)
    assert seen(batches(), 0) == list(range(103))


def test_rows_shuffled_by_blocks_come_in_stretches_and_each_once() -> None:
    count = 1 << 19
    order = batches(count, shuffle=True, by_blocks=True).order(0)
    assert torch.equal(order.sort().values, torch.arange(count))
    first = order[: 1 << 18]  # a pool of sixteen blocks
    assert len(torch.unique(first >> 14)) == 16
    assert len(torch.unique(order >> 14)) == 32
    assert not torch.equal(first.sort().values, first)


def test_ranks_share_the_rows() -> None:
    shares = [seen(batches(shuffle=True, rank=rank, world_size=2), 3) for rank in range(2)]
    assert len(shares[0]) == len(shares[1]) == 52
    assert set(shares[0]) | set(shares[1]) == set(range(103))
    evaluated = [seen(batches(rank=rank, world_size=2), 0) for rank in range(2)]
    assert sorted(evaluated[0] + evaluated[1]) == list(range(103))


def test_a_single_row_is_not_a_training_batch() -> None:
    assert len(batches(101, shuffle=True)) == 10
    assert len(batches(101)) == 11


def test_a_loader_goes_on_where_its_state_was_taken() -> None:
    whole = [y.tolist() for _, y in batch_loader(batches(shuffle=True))]
    assert sorted(row for rows in whole for row in rows) == list(range(103))
    first = batch_loader(batches(shuffle=True))
    iterator = iter(first)
    for _ in range(3):
        next(iterator)
    second = batch_loader(batches(shuffle=True))
    second.load_state_dict(first.state_dict())
    assert [y.tolist() for _, y in second] == whole[3:]
