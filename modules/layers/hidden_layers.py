"""Fully connected layers of a network for tables: linear, ReLU, then batch norm and dropout by choice (fast.ai's order)."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn


def hidden_layers(inputs: int, sizes: Sequence[int], dropout: Sequence[float], batch_norm: bool) -> nn.ModuleList:
    """One block a size.

    Args:
        inputs: Features that come in.
        sizes: Of the layers.
        dropout: After each.
        batch_norm: After each.
    """
    blocks = nn.ModuleList()
    for size, p in zip(sizes, dropout, strict=True):
        parts: list[nn.Module] = [nn.Linear(inputs, size), nn.ReLU(inplace=True)]
        parts += [nn.BatchNorm1d(size)] if batch_norm else []
        parts += [nn.Dropout(p)] if p else []
        blocks.append(nn.Sequential(*parts))
        inputs = size
    return blocks
