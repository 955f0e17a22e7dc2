"""Variational dropout: one mask for all time steps of a row.

**What it does.** What is dropped at one step of a sequence is dropped at every step of it, so the noise in a recurrent network
does not accumulate from step to step.

**When to use it.** On inputs and outputs of recurrent layers.

**Source.** Gal and Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks", section 4.2.
"""

from __future__ import annotations

from torch import Tensor, nn


def variational_dropout(x: Tensor, p: float, training: bool = True) -> Tensor:
    """Drop the same features of a row at every time step; the rest are divided by ``1 - p``.

    Args:
        x: ``[T, B, H]``.
        p: Probability of dropping each feature of each row.
        training: With ``False``, ``x`` is returned.

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
        p: Dropout probability.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """``[T, B, H]`` to the same shape."""
        return variational_dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}"
