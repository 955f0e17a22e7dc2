"""The names under which torch's optimizers and schedulers keep learning rates, and functions that scale all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch.optim import Optimizer

from ..trainer_internals.torch_names import SCHEDULER_LR_LISTS, inner_schedulers

GROUP_LR_KEYS = ("lr", "initial_lr", "max_lr", "min_lr")  # in a parameter group


def peak_lr(group: dict[str, Any]) -> float:
    """Return the rate that a group's schedule starts from or rises to; without a schedule its rate."""
    return float(group.get("max_lr", group.get("initial_lr", group["lr"])))


def peak_lrs(optimizer: Optimizer, schedulers: Sequence[Any]) -> list[float]:
    """Return each group's peak rate, also where a scheduler keeps it to itself, as ``CyclicLR`` does."""
    peaks = [peak_lr(group) for group in optimizer.param_groups]
    for scheduler in schedulers:
        peaks = [max(pair) for pair in zip(peaks, peak_lrs(optimizer, inner_schedulers(scheduler)), strict=True)]
        own = getattr(scheduler, "max_lrs", None)
        if isinstance(own, list) and getattr(scheduler, "optimizer", None) is optimizer:
            peaks = [max(pair) for pair in zip(peaks, map(float, own), strict=True)]
    return peaks


def scale_group(group: dict[str, Any], scale: float) -> None:
    """Scale every rate in one parameter group, in place."""
    for key in GROUP_LR_KEYS:
        if key in group:
            group[key] = group[key] * scale


def scale_scheduler(scheduler: Any, scale: float) -> None:
    """Scale every rate that a scheduler keeps, and those of the schedulers within it, in place."""
    for inner in inner_schedulers(scheduler):
        scale_scheduler(inner, scale)
    for key, value in vars(scheduler).items():
        if key in SCHEDULER_LR_LISTS and isinstance(value, list):
            setattr(scheduler, key, [each * scale for each in value])
        elif key == "eta_min" and isinstance(value, int | float):  # the lowest rate of cosine annealing, one for all groups
            setattr(scheduler, key, value * scale)


def scale_lrs(optimizer: Optimizer, schedulers: Sequence[Any], scale: float) -> None:
    """Scale all rates of an optimizer and of its schedulers, in place: the same schedule at another height."""
    for group in optimizer.param_groups:
        scale_group(group, scale)
    for scheduler in schedulers:
        scale_scheduler(scheduler, scale)


def reset_to_peak_lr(optimizer: Optimizer, schedulers: Sequence[Any] = ()) -> None:
    """Set each group to its peak rate, as if no scheduler had ever been attached."""
    for group, peak in zip(optimizer.param_groups, peak_lrs(optimizer, schedulers), strict=True):
        group["lr"] = peak
        for key in GROUP_LR_KEYS[1:]:
            group.pop(key, None)
