"""Smooth clipping: numbers near zero stay what they are, and no number gets beyond a bound.

**What it does.** ``x / sqrt(1 + (x / limit)^2)``: nearly the identity for small numbers, never beyond ``limit``.

**When to use it.** On numbers scaled by their median and quartiles, which say nothing of how far the furthest are: an outlier
would otherwise decide what a network computes of it.

**Defaults.** A limit of 3.

**Source.** Holzmüller, Grinsztajn, Steinwart 2024, "Better by default", section 3 (RealMLP).
"""

from __future__ import annotations

from torch import Tensor


def smooth_clip(x: Tensor, limit: float = 3.0) -> Tensor:
    """Return numbers squeezed into ``(-limit, limit)``.

    Args:
        x: Numbers ``[...]``.
        limit: The bound.

    Example:
        >>> import torch
        >>> from practicum.modules.layers.smooth_clip import smooth_clip
        >>> smooth_clip(torch.tensor([0.1, 1.0, 1000.0]))
        tensor([0.0999, 0.9487, 3.0000])
    """
    return x / (1 + (x / limit).square()).sqrt()
