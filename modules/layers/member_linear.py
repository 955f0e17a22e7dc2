"""A linear layer of several networks at once, each with weights of its own, in one matrix product.

**What it does.** ``members`` layers of the same size take ``members`` inputs. Weights are drawn with variance 1 and divided by
the root of the number of inputs in each step ("neural tangent parametrisation"): so one learning rate suits layers of all
widths. Biases are drawn with variance 1, so that the units of a first layer bend at different places, and learn at a tenth of
the rate.

**When to use it.** For an ensemble of small networks: on a processor one product of eight matrices costs a fraction of eight
steps.

**Source.** The layer: Holzmüller et al. 2024, "Better by default" (RealMLP), sections 3 and A; Jacot et al. 2018. Several
networks in one: Gorishniy et al. 2025, "TabM", where it is called a packed ensemble.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_BIAS_RATE = 0.1  # what a step moves a bias by, relative to a weight


class MemberLinear(nn.Module):
    """``members`` independent linear layers.

    Args:
        members: Number of networks.
        inputs: Input features of each.
        outputs: Output features of each.
        zero: Start from zero instead of from random weights: for a last layer, so that training begins at the mean.

    Shape:
        Input ``[members, B, inputs]``; output ``[members, B, outputs]``.

    Example:
        >>> import torch
        >>> from practicum.modules.layers.member_linear import MemberLinear
        >>> MemberLinear(members=4, inputs=3, outputs=2)(torch.randn(4, 10, 3)).shape
        torch.Size([4, 10, 2])
    """

    def __init__(self, members: int, inputs: int, outputs: int, zero: bool = False) -> None:
        super().__init__()
        self.gain = inputs**-0.5
        self.weight = nn.Parameter(torch.zeros(members, inputs, outputs) if zero else torch.randn(members, inputs, outputs))
        # The optimizer sees the bias divided by its rate, so that all parameters can share one group.
        bias = torch.zeros(members, 1, outputs) if zero else torch.randn(members, 1, outputs) / _BIAS_RATE
        self.bias = nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """Each network's outputs."""
        return torch.baddbmm(_BIAS_RATE * self.bias, x, self.gain * self.weight)
