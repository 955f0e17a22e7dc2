"""Fully connected blocks of a tabular network: linear, ReLU, then optionally batch norm and dropout (fast.ai's order)."""

from __future__ import annotations

from collections.abc import Sequence

from practicum.lightning_shim import MisconfigurationException
from torch import nn


def mlp_blocks(
    owner: str, inputs: int, sizes: Sequence[int], dropout: float | Sequence[float], batch_norm: bool
) -> nn.ModuleList:
    """Build one Linear-ReLU block per entry of `sizes`.

    Args:
        owner: Name of the class that has ``hidden_sizes`` and ``dropout`` as options, for messages.
        inputs: Number of input features.
        sizes: Output size of each block.
        dropout: Dropout after each block: one rate for all, or one per block.
        batch_norm: Add batch norm to each block.

    Raises:
        MisconfigurationException: A size below 1, a dropout rate out of range, or not one rate per block.
    """
    rates = [dropout] * len(sizes) if isinstance(dropout, int | float) else list(dropout)
    if not all(size >= 1 for size in sizes):
        raise MisconfigurationException(f"{owner}: hidden_sizes={list(sizes)}: each must be at least 1.")
    if len(rates) != len(sizes) or not all(0 <= p < 1 for p in rates):
        raise MisconfigurationException(
            f"{owner}: dropout={dropout} must be a rate from 0 to below 1, or one for each of {len(sizes)} hidden layers."
        )
    blocks = nn.ModuleList()
    for size, p in zip(sizes, rates, strict=True):
        parts: list[nn.Module] = [nn.Linear(inputs, size), nn.ReLU(inplace=True)]
        parts += [nn.BatchNorm1d(size)] if batch_norm else []
        parts += [nn.Dropout(p)] if p else []
        blocks.append(nn.Sequential(*parts))
        inputs = size
    return blocks
