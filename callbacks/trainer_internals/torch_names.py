"""Torch's own private names that callbacks rely on, under public ones."""

from __future__ import annotations

from typing import Any

from torch import nn

from .private_names import PRIVATE_NAMES, check_name

for _name in PRIVATE_NAMES["torch_names.py"]:  # at import: they are read here
    check_name(_name, "torch_names.py")

from torch.utils._pytree import tree_map, tree_map_only  # noqa: E402

__all__ = ["SCHEDULER_LR_LISTS", "BatchNorm", "inner_schedulers", "set_last_lr", "tree_map", "tree_map_only"]

BatchNorm = nn.modules.batchnorm._BatchNorm  # base of all of torch's and of other libraries' variants

# Lists in a scheduler that hold a learning rate for each parameter group.
SCHEDULER_LR_LISTS = ("base_lrs", "max_lrs", "min_lrs", "_last_lr")


def inner_schedulers(scheduler: Any) -> list[Any]:
    """Return the schedulers that a ``SequentialLR`` or ``ChainedScheduler`` consists of; none for others."""
    return getattr(scheduler, "_schedulers", [])


def set_last_lr(scheduler: Any, lrs: list[Any]) -> None:
    """Set what ``scheduler.get_last_lr()`` returns."""
    scheduler._last_lr = lrs
