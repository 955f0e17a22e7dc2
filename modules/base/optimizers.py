"""Optimizers by name: ``optimizer="adamw", lr=5e-3`` in place of a partial of a class."""

from __future__ import annotations

import difflib
import functools
import inspect
import math
from collections.abc import Callable
from numbers import Real  # NumPy's numbers, too
from typing import Any, TypeAlias

import torch
from practicum.lightning_shim import MisconfigurationException
from torch.optim import AdamW, Optimizer

OptimizerFactory: TypeAlias = Callable[..., Optimizer]
NamedOptimizer: TypeAlias = str | OptimizerFactory | None  # what modules take


def optimizer_factory(owner: str, optimizer: NamedOptimizer = None, lr: float | None = None) -> OptimizerFactory:
    """What builds an optimizer from parameter groups.

    Args:
        owner: Name of the module's class, for messages.
        optimizer: The name of a class in ``torch.optim``, in any case (``adamw``, ``sgd``); a class; or anything else that builds
            an optimizer, such as a partial of a class. Default: ``AdamW``.
        lr: Its learning rate; ``None``: the optimizer's own.

    Raises:
        MisconfigurationException: No such optimizer, a rate that is not above 0, or one beside something that has its own.

    Example:
        >>> import torch
        >>> from practicum.modules.base.optimizers import optimizer_factory
        >>> layer = torch.nn.Linear(2, 1)
        >>> optimizer = optimizer_factory("Model", "sgd", lr=0.1)(layer.parameters())
        >>> type(optimizer).__name__, optimizer.param_groups[0]["lr"]
        ('SGD', 0.1)
    """
    found: Any = AdamW if optimizer is None else optimizer
    if isinstance(found, str):
        named = {name.lower(): each for name, each in vars(torch.optim).items() if _is_optimizer(each)}
        if found.lower() not in named:
            near = difflib.get_close_matches(found.lower(), named, n=1)
            hint = f"did you mean {near[0]}?" if near else f"torch.optim has {', '.join(sorted(named))}."
            raise MisconfigurationException(f"{owner}: optimizer={found}: there is no such optimizer; {hint}")
        found = named[found.lower()]
    if lr is None:
        return found
    if not _is_optimizer(found):
        raise MisconfigurationException(f"{owner}: lr={lr} has no effect beside an optimizer that brings its own; give it there.")
    if isinstance(lr, bool) or not isinstance(lr, Real) or not 0 < lr < math.inf:
        raise MisconfigurationException(f"{owner}: lr={lr!r} must be a number above 0.")
    return functools.partial(found, lr=float(lr))


def _is_optimizer(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, Optimizer) and value is not Optimizer
