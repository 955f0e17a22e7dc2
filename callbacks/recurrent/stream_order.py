"""Whether a loader reads windows in the order in which they continue one another."""

from __future__ import annotations

from typing import Any

from torch.utils.data import DistributedSampler, RandomSampler, SubsetRandomSampler, WeightedRandomSampler

from ..trainer_internals.loaders import parts_of


def broken_order(loader: Any) -> str | None:
    """Say what breaks the order of a loader's batches; ``None`` where nothing is known to.

    Args:
        loader: With its samplers and data set.
    """
    for part in parts_of(loader):
        name = type(part).__name__
        if (
            isinstance(part, RandomSampler | SubsetRandomSampler | WeightedRandomSampler)
            or getattr(part, "shuffle", False) is True
        ):
            return f"{name} shuffles them"
        if isinstance(part, DistributedSampler) and part.num_replicas > 1:
            return f"{name} deals them out to {part.num_replicas} processes"
    return None
