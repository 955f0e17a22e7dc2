"""Discriminative learning rates: layers near the input of a pretrained network learn more slowly than those near its head.

**What it does.** Splits an optimizer's parameter groups by layer group and scales the rates of each, and those of its schedulers.

**When to use it.** When fine-tuning a pretrained network: general features near the input need the least change.

**Sources.** Howard & Ruder 2018 (ULMFiT), section 3.2; fast.ai 2017, lesson 2; fastai's ``slice``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import nn
from torch.optim import Optimizer

from ..schedules.param_group_lrs import peak_lrs, scale_group
from ..trainer_internals.torch_names import SCHEDULER_LR_LISTS, inner_schedulers

LayerGroup: TypeAlias = Sequence[nn.Module | nn.Parameter]

_OTHER_LISTS = ("lr_lambdas", "base_momentums", "max_momentums")  # a scheduler's lists by parameter group that hold no rates


def discriminative_lrs(groups: int, ratio: float) -> list[float]:
    """Return each layer group's learning rate as a share of the head's.

    The first group gets ``1 / ratio``, the last one below the head ``1 / sqrt(ratio)``, also where it is the only one, those
    between them geometric steps: a head with random weights needs far larger steps than any pretrained layer, however many there
    are.

    Args:
        groups: Number of layer groups, including the head.
        ratio: The head's rate divided by the first group's.

    Returns:
        ``groups`` factors, input side first; the last is 1. With three groups and 81: ``1/81, 1/9, 1``; with two: ``1/9, 1``.
    """
    below = groups - 1
    steps = [0.5 * (1 + (below - 1 - depth) / max(1, below - 1)) if below > 1 else 0.5 for depth in range(below)]
    return [*(ratio**-step for step in steps), 1.0]


def geometric_lrs(groups: int, factor: float) -> list[float]:
    """Return shares of the head's rate, each ``factor`` times that of the group below it (ULMFiT: 2.6)."""
    return [factor ** (depth + 1 - groups) for depth in range(groups)]


def sliced_lrs(groups: int, low: float, high: float) -> list[float]:
    """Return rates from ``low`` for the first group to ``high`` for the head in geometric steps (fastai's ``slice``)."""
    return [low * (high / low) ** (depth / max(1, groups - 1)) for depth in range(groups)]


def apply_layer_lrs(
    configured: Any, layer_groups: Sequence[LayerGroup], factors: Sequence[float], absolute: bool = False
) -> None:
    """Give each layer group its own rate, in place.

    Args:
        configured: What ``configure_optimizers`` returned, before any step.
        layer_groups: Modules or parameters by depth, input side first. Parameters in none of them count to the last.
        factors: What multiplies the rates of each layer group.
        absolute: The factors are rates, which replace the optimizer's.

    Raises:
        MisconfigurationException: An optimizer is LBFGS, which has one rate for all parameters.
    """
    optimizers, schedulers = _optimizers_and_schedulers(configured)
    for optimizer in optimizers:
        if isinstance(optimizer, torch.optim.LBFGS):
            raise MisconfigurationException(
                "LBFGS has one learning rate for all parameters, so layer groups can't have rates of their own; take another "
                "optimizer, such as AdamW, or train without unfreezing."
            )
        peaks = peak_lrs(optimizer, schedulers)
        origin = split_parameter_groups(optimizer, layer_groups)
        scales = _scale_lrs(optimizer, layer_groups, factors, [peaks[old] for old in origin] if absolute else None)
        for scheduler in schedulers:
            _adapt_scheduler(scheduler, optimizer, origin, scales)


def split_parameter_groups(optimizer: Optimizer, layer_groups: Sequence[LayerGroup]) -> list[int]:
    """Split an optimizer's parameter groups, in place, so that none spans two layer groups.

    Args:
        optimizer: Any optimizer, before its first step.
        layer_groups: Modules or parameters by depth. Parameters in none of them count to the last, the head.

    Returns:
        For each new parameter group the index of the one that it was part of.
    """
    depth_of = _depth_of(layer_groups)
    split: list[dict[str, Any]] = []
    origin: list[int] = []
    for index, group in enumerate(optimizer.param_groups):
        by_depth: dict[int, list[int]] = {}
        for place, parameter in enumerate(group["params"]):
            by_depth.setdefault(depth_of.get(parameter, len(layer_groups) - 1), []).append(place)
        for depth in sorted(by_depth):
            lists: dict[str, Any] = {
                key: [group[key][place] for place in by_depth[depth]] for key in ("params", "param_names") if key in group
            }
            split.append({**group, **lists})
            origin.append(index)
    optimizer.param_groups[:] = split
    return origin


def _depth_of(layer_groups: Sequence[LayerGroup]) -> dict[nn.Parameter, int]:
    return {
        parameter: depth
        for depth, group in enumerate(layer_groups)
        for part in group
        for parameter in ([part] if isinstance(part, nn.Parameter) else part.parameters())
    }


def _scale_lrs(
    optimizer: Optimizer, layer_groups: Sequence[LayerGroup], factors: Sequence[float], peaks: Sequence[float] | None
) -> list[float]:
    """Scale each parameter group's rates by its layer group's factor, or to it as a peak; return what each was multiplied by."""
    depth_of = _depth_of(layer_groups)
    scales = []
    for place, group in enumerate(optimizer.param_groups):
        scale = factors[depth_of.get(group["params"][0], len(factors) - 1)]
        if peaks is not None:
            scale = scale / peaks[place]
        scale_group(group, scale)
        scales.append(scale)
    return scales


def _adapt_scheduler(scheduler: Any, optimizer: Optimizer, origin: Sequence[int], scales: Sequence[float]) -> None:
    """Extend the lists by parameter group of a scheduler that was built before the split."""
    for inner in inner_schedulers(scheduler):
        _adapt_scheduler(inner, optimizer, origin, scales)
    if getattr(scheduler, "optimizer", optimizer) is not optimizer:
        return
    for key, value in vars(scheduler).items():
        if isinstance(value, list) and key in SCHEDULER_LR_LISTS:
            setattr(scheduler, key, [value[old] * scale for old, scale in zip(origin, scales, strict=True)])
        elif isinstance(value, list) and key in _OTHER_LISTS:
            setattr(scheduler, key, [value[old] for old in origin])
        elif key == "eta_min" and isinstance(value, int | float):  # one for all groups: no rate may rise to it
            setattr(scheduler, key, value * min(scales))


def _optimizers_and_schedulers(configured: Any) -> tuple[list[Optimizer], list[Any]]:
    """Return every optimizer and scheduler in what ``configure_optimizers`` returned."""
    optimizers: list[Optimizer] = []
    schedulers: list[Any] = []
    if isinstance(configured, Optimizer):
        optimizers.append(configured)
    elif isinstance(configured, dict):
        for value in configured.values():
            inner = _optimizers_and_schedulers(value)
            optimizers += inner[0]
            schedulers += inner[1]
    elif isinstance(configured, list | tuple):
        for value in configured:
            inner = _optimizers_and_schedulers(value)
            optimizers += inner[0]
            schedulers += inner[1]
    elif hasattr(configured, "step") and hasattr(configured, "state_dict"):
        schedulers.append(configured)
    return optimizers, schedulers
