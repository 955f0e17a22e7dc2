"""Variational dropout: one mask for all time steps of a row.

**What it does.** What is dropped at one step of a sequence is dropped at every step of it; so a recurrent network is not
deafened a little more at each.

**When to use it.** On what enters and leaves recurrent layers.

**Source.** Gal and Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks", section 4.2.
"""

from __future__ import annotations

from torch import Tensor, nn


def variational_dropout(x: Tensor, p: float, training: bool = True) -> Tensor:
    """Drop the same features of a row at each time step; the others are divided by ``1 - p``.

    Args:
        x: ``[T, B, H]``.
        p: Chance of each feature of each row to be dropped.
        training: ``False`` returns ``x``.

    Returns:
        ``[T, B, H]``.
    """
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0
    return x * x.new_empty(1, *x.shape[1:]).bernoulli_(1 - p).div_(1 - p)


class VariationalDropout(nn.Module):
    """:func:`variational_dropout` as a module.

    Args:
        p: Chance.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """``[T, B, H]`` to the same."""
        return variational_dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        """The chance."""
        return f"p={self.p}"
