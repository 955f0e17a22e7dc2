"""Loaders that read windows in their order, and others."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from practicum.callbacks.recurrent.stream_order import broken_order
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    DistributedSampler,
    RandomSampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

DATA = TensorDataset(torch.arange(8))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, None),
        ({"batch_size": 4}, None),
        ({"shuffle": True}, "RandomSampler shuffles"),
        ({"sampler": SubsetRandomSampler(range(8))}, "shuffles"),
        ({"sampler": WeightedRandomSampler([1.0] * 8, 8)}, "shuffles"),
        ({"batch_sampler": BatchSampler(RandomSampler(DATA), 2, False)}, "shuffles"),
        ({"sampler": DistributedSampler(DATA, 1, 0, shuffle=False)}, None),
        ({"sampler": DistributedSampler(DATA, 2, 0, shuffle=False)}, "deals them out to 2 processes"),
    ],
)
def test_what_breaks_the_order_is_named(options: dict[str, Any], said: str | None) -> None:
    found = broken_order(DataLoader(DATA, **options))
    assert found is None if said is None else said in (found or "")


def test_other_loaders_are_not_known_to() -> None:
    assert broken_order([1, 2]) is None
