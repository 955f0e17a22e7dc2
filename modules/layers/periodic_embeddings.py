"""Periodic embeddings of numbers: a few waves of different lengths for each, mixed into a short vector.

**What it does.** A number becomes cosines of trainable frequencies and phases, a linear layer of its own makes a short vector of
them, and the number itself stays beside it (RealMLP's "PBLD": periodic, bias, linear, dense).

**When to use it.** For numbers in tables: what depends on them often jumps, as in a tree, and a network that gets the bare number
draws it smooth.

**Defaults.** 16 waves with frequencies of deviation ``scale``, a vector of 8 with the number. ``scale`` matters most: larger
ones resolve finer steps, and overfit sooner.

**Source.** Gorishniy, Rubachev, Babenko 2022, "On embeddings for numerical features in tabular deep learning"; the bias, the
linear layer and the number beside it: Holzmüller et al. 2024, "Better by default". The package ``rtdl_num_embeddings`` has the
former for one network; here they are those of several networks at once.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_RATE = 0.1  # what a step moves these parameters by, relative to the other layers' weights


class PeriodicEmbeddings(nn.Module):
    """Vectors of numbers, of several networks at once.

    Args:
        members: Number of networks, each with parameters of its own.
        columns: Number of numeric columns.
        waves: Cosines of each number.
        dim: Size of each number's vector, with the number itself.
        scale: Standard deviation of the initial frequencies, in waves per unit.

    Shape:
        Input ``[B, columns]``; output ``[members, B, columns * dim]``.

    Example:
        >>> import torch
        >>> from practicum.modules.layers.periodic_embeddings import PeriodicEmbeddings
        >>> PeriodicEmbeddings(members=4, columns=3, dim=8)(torch.randn(10, 3)).shape
        torch.Size([4, 10, 24])
    """

    def __init__(self, members: int, columns: int, waves: int = 16, dim: int = 8, scale: float = 1.0) -> None:
        super().__init__()
        shape = (members, columns, 1, waves)
        # The optimizer sees all of them divided by their rate.
        self.frequency = nn.Parameter(torch.randn(shape) * scale / _RATE)
        self.phase = nn.Parameter(torch.empty(shape).uniform_(-math.pi, math.pi) / _RATE)
        bound = waves**-0.5 / _RATE
        self.weight = nn.Parameter(torch.empty(members, columns, waves, dim - 1).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(members, columns, 1, dim - 1).uniform_(-bound, bound))

    def forward(self, x: Tensor) -> Tensor:
        """Each network's vectors, those of one column together; then the numbers."""
        members, rows = len(self.weight), x.shape[0]  # not len(x), which torch.export would fix
        angle = 2 * math.pi * x.t()[None, :, :, None] * (_RATE * self.frequency) + _RATE * self.phase  # [M, N, B, waves]
        vectors = angle.cos() @ (_RATE * self.weight) + _RATE * self.bias  # [M, N, B, dim - 1]
        return torch.cat([vectors.permute(0, 2, 1, 3).reshape(members, rows, -1), x.expand(members, -1, -1)], 2)
