"""What torch's optimizers and schedulers call a learning rate, so that all of them can be scaled together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch.optim import Optimizer

RATES_OF_GROUP = ("lr", "initial_lr", "max_lr", "min_lr")  # in a parameter group
RATES_BY_GROUP = ("base_lrs", "max_lrs", "min_lrs", "_last_lr")  # in a scheduler: a list, an entry a group


def peak_rate(group: dict[str, Any]) -> float:
    """The rate that a group's schedule starts from or rises to; without a schedule its rate."""
    return float(group.get("max_lr", group.get("initial_lr", group["lr"])))


def scale_group(group: dict[str, Any], scale: float) -> None:
    """Scale every rate in one parameter group."""
    for key in RATES_OF_GROUP:
        if key in group:
            group[key] = group[key] * scale


def scale_scheduler(scheduler: Any, scale: float) -> None:
    """Scale every rate that a scheduler keeps, and those of schedulers within it."""
    for inner in getattr(scheduler, "_schedulers", []):
        scale_scheduler(inner, scale)
    for key, value in vars(scheduler).items():
        if key in RATES_BY_GROUP and isinstance(value, list):
            setattr(scheduler, key, [each * scale for each in value])


def scale_rates(optimizer: Optimizer, schedulers: Sequence[Any], scale: float) -> None:
    """Scale all rates of an optimizer and of its schedulers: the same course at another height."""
    for group in optimizer.param_groups:
        scale_group(group, scale)
    for scheduler in schedulers:
        scale_scheduler(scheduler, scale)


def forget_schedule(optimizer: Optimizer) -> None:
    """Set each group back to its peak rate, as if no scheduler had ever been built on it."""
    for group in optimizer.param_groups:
        group["lr"] = peak_rate(group)
        for key in RATES_OF_GROUP[1:]:
            group.pop(key, None)
