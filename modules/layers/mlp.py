"""Fully connected layers of a network for tables: linear, ReLU, then batch norm and dropout by choice (fast.ai's order)."""

from __future__ import annotations

from collections.abc import Sequence

from practicum.lightning_shim import MisconfigurationException
from torch import nn


def hidden_layers(inputs: int, sizes: Sequence[int], dropout: float | Sequence[float], batch_norm: bool) -> nn.ModuleList:
    """One block a size.

    Args:
        inputs: Features that come in.
        sizes: Of the layers.
        dropout: After each: one number, or one each.
        batch_norm: After each.

    Raises:
        MisconfigurationException: A size below 1, or dropout out of range or of another length.
    """
    drops = [dropout] * len(sizes) if isinstance(dropout, int | float) else list(dropout)
    if not all(size >= 1 for size in sizes):
        raise MisconfigurationException(f"model.layers={list(sizes)} is out of range.")
    if len(drops) != len(sizes) or not all(0 <= p < 1 for p in drops):
        raise MisconfigurationException(f"model.dropout={dropout} is out of range, or not one for each layer.")
    blocks = nn.ModuleList()
    for size, p in zip(sizes, drops, strict=True):
        parts: list[nn.Module] = [nn.Linear(inputs, size), nn.ReLU(inplace=True)]
        parts += [nn.BatchNorm1d(size)] if batch_norm else []
        parts += [nn.Dropout(p)] if p else []
        blocks.append(nn.Sequential(*parts))
        inputs = size
    return blocks
