"""Concatenated average and maximum pooling, whatever form a backbone's features have.

**Source.** fast.ai's ``AdaptiveConcatPool2d``.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConcatPool(nn.Module):
    """Average and maximum over all positions, concatenated: ``[B, C, H, W]``, ``[B, H, W, C]`` or ``[B, N, C]`` to ``[B, 2C]``.

    Args:
        channels_last: The feature map's last dimension is its channels (transformers that keep a grid).
        prefix_tokens: Number of leading tokens of a sequence that stand for no position (a class token).
    """

    def __init__(self, channels_last: bool = False, prefix_tokens: int = 0) -> None:
        super().__init__()
        self.channels_last = channels_last
        self.prefix_tokens = prefix_tokens

    def forward(self, x: Tensor) -> Tensor:
        """Pool one batch of feature maps or token sequences."""
        if x.ndim == 3:
            x = x[:, self.prefix_tokens :]
            positions: tuple[int, ...] = (1,)
        else:
            positions = (1, 2) if self.channels_last else (2, 3)
        return torch.cat([x.mean(positions), x.amax(positions)], dim=1)
