"""Batches of a split: its rows, its batch size, this process's share."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import torch
from practicum.datamodules.tabular.source_table import SourceTable
from practicum.datamodules.tabular.split_batches import split_batches
from practicum.datamodules.tabular.table_cache import TableArrays, table_arrays
from practicum.datamodules.tabular.table_config import TableConfig
from practicum.lightning_shim import MisconfigurationException


@pytest.fixture
def arrays(tmp_path: Path, sales: pl.DataFrame) -> TableArrays:
    return table_arrays(lambda: SourceTable(sales.lazy()), "a", TableConfig("sold", strategy="random"), tmp_path, "t")


def test_rows_of_the_split_in_batches(arrays: TableArrays) -> None:
    train = split_batches(arrays, [arrays.codes], "train", 50, shuffle=True, seed=1, max_gb=1)
    valid = split_batches(arrays, [arrays.codes], "valid", 10, shuffle=False, seed=1, max_gb=1)
    assert sorted(train.order(0).tolist()) == arrays.rows["train"].tolist()
    assert valid.order(0).tolist() == arrays.rows["valid"].tolist()
    assert (train.batch_size, valid.batch_size) == (50, 40)
    (codes,), y = valid[0, 0]
    rows = arrays.rows["valid"][:40]
    assert torch.equal(codes, torch.from_numpy(np.asarray(arrays.codes)[rows]))
    assert torch.equal(y, torch.from_numpy(np.asarray(arrays.targets)[rows]))
    assert not train.by_blocks
    assert split_batches(arrays, [arrays.codes], "train", 50, shuffle=True, seed=1, max_gb=1e-9).by_blocks
    with pytest.raises(MisconfigurationException, match="No row is in the split test"):
        split_batches(arrays, [arrays.codes], "test", 50, shuffle=False, seed=1, max_gb=1)


def test_processes_share_the_rows(arrays: TableArrays) -> None:
    shares = [
        split_batches(
            arrays, [arrays.codes], "valid", 10, False, seed=1, max_gb=1, trainer=SimpleNamespace(global_rank=rank, world_size=2)
        )
        for rank in (0, 1)
    ]
    assert sorted(shares[0].order(0).tolist() + shares[1].order(0).tolist()) == arrays.rows["valid"].tolist()


def test_rows_of_other_splits_can_be_added(arrays: TableArrays) -> None:
    both = split_batches(arrays, [arrays.codes], "train", 50, shuffle=True, seed=1, max_gb=1, also=("valid",))
    assert sorted(both.order(0).tolist()) == sorted([*arrays.rows["train"], *arrays.rows["valid"]])
