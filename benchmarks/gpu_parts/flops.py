"""Floating-point operations of a training step, counted on paper: pure functions.

A multiplication and an addition count as two operations. Only matrix products and convolutions are counted. The backward pass
counts twice as much as the forward pass: the gradient with respect to the input and the one with respect to the weights. Torch's
own ``FlopCounterMode`` is not used: it knows no cuDNN LSTM, and counts the weight gradient of a grouped convolution (ResNeXt's)
once per group too often.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

TRAINING = 3  # operations of a training step, divided by those of its forward pass


def layer_flops(layer: nn.Module, output: Tensor) -> int:
    """Operations of one call of a convolution or linear layer that gave ``output``; 0 for any other layer."""
    if isinstance(layer, nn.Conv2d):
        height, width = layer.kernel_size
        return 2 * output.numel() * (layer.in_channels // layer.groups) * int(height) * int(width)
    if isinstance(layer, nn.Linear):
        return 2 * output.numel() * layer.in_features
    return 0


@torch.no_grad()
def forward_flops(network: nn.Module, *inputs: Any) -> int:
    """Operations of the convolutions and linear layers in one forward pass."""
    total = 0

    def count(layer: nn.Module, _: Any, output: Tensor) -> None:
        nonlocal total
        total += layer_flops(layer, output)

    layers = [each for each in network.modules() if isinstance(each, nn.Conv2d | nn.Linear)]
    handles = [each.register_forward_hook(count) for each in layers]
    training = network.training
    network.eval()
    try:
        network(*inputs)
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()
    return total


def linear_flops(sizes: list[int]) -> int:
    """Operations per row of a chain of linear layers, from the sizes of their inputs and of the last output."""
    return sum(2 * a * b for a, b in pairwise(sizes))


def language_model_flops(words: int, embedding_dim: int, hidden_size: int, num_layers: int) -> int:
    """Operations per token of the forward pass of an AWD-LSTM language model whose output layer is the embedding."""
    sizes = [embedding_dim, *[hidden_size] * (num_layers - 1), embedding_dim]
    recurrent = sum(2 * 4 * outputs * (inputs + outputs) for inputs, outputs in pairwise(sizes))
    return recurrent + 2 * embedding_dim * words
