"""Fully connected blocks: their order, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException
from practicum.modules.layers.mlp import mlp_blocks
from torch import nn


def test_one_block_per_size_in_fastais_order() -> None:
    blocks = mlp_blocks("Net", 5, [8, 4], [0.0, 0.2], batch_norm=True)
    kinds = [[type(part) for part in block] for block in blocks]
    assert kinds == [[nn.Linear, nn.ReLU, nn.BatchNorm1d], [nn.Linear, nn.ReLU, nn.BatchNorm1d, nn.Dropout]]
    x = torch.randn(3, 5)
    for block in blocks:
        x = block(x)
    assert x.shape == (3, 4)
    assert len(mlp_blocks("Net", 5, [], 0.0, batch_norm=True)) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sizes": [0]}, r"Net: hidden_sizes=\[0\]: each must be at least 1"),
        ({"dropout": [0.1, 0.2]}, r"Net: dropout=\[0.1, 0.2\] must be a rate from 0 to below 1, or one for each of 1"),
        ({"dropout": 1.0}, "Net: dropout=1.0 must be"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        mlp_blocks("Net", 5, **{"sizes": [8], "dropout": 0.0, "batch_norm": True, **options})
