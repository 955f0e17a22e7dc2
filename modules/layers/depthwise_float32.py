"""Depthwise convolution in float32 under CPU autocast.

**What it does.** When a network trains in bfloat16 on a CPU, its depthwise convolutions (one filter per channel) are computed in
float32 and their results are cast back to bfloat16.

**When to use it.** On a CPU with AVX-512 bfloat16 instructions but without AMX tiles: there oneDNN has no bfloat16 kernel for the
*gradients* of depthwise convolutions and falls back to one that is three to five times slower than its float32 kernel. A
depthwise layer has too little arithmetic to gain from bfloat16 in any case. On a GPU, or on a CPU with AMX, nothing changes.

**Measured.** EfficientNet-Lite0, batch 16, 224 px, Zen 4 with AVX512-BF16: 19 images/s before, 31 after.

**Source.** Own measurement (see ``benchmarks/fine_tune.py``); the layer is Howard et al. 2017, MobileNets, section 3.1.
"""

from __future__ import annotations

from types import MethodType

import torch
from torch import Tensor, nn


def slow_in_bfloat16() -> bool:
    """Whether this CPU has bfloat16 instructions but lacks the AMX tiles that make depthwise gradients fast in it."""
    return torch.cpu._is_avx512_bf16_supported() and not torch.cpu._is_amx_tile_supported()


def _forward_in_float32(self: nn.Conv2d, x: Tensor) -> Tensor:
    if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return type(self).forward(self, x)
    with torch.autocast("cpu", enabled=False):
        y = type(self).forward(self, x.float())
    return y.to(torch.get_autocast_dtype("cpu"))


def keep_depthwise_in_float32(network: nn.Module) -> int:
    """Make each depthwise convolution of ``network`` compute in float32 under CPU autocast.

    Args:
        network: Any module; modified in place. Parameters and their names stay the same.

    Returns:
        The number of layers changed.
    """
    changed = 0
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels > 1:
            layer.forward = MethodType(_forward_in_float32, layer)  # type: ignore[method-assign]
            changed += 1
    return changed
