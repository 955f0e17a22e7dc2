"""Snapshots of objects: the contents of a list, a tensor or a random number generator, to be restored in place.

Independent of Lightning.
"""

from __future__ import annotations

import copy
import random
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.parameter import is_lazy

_PLAIN = {bool, int, float, complex, str, bytes, type(None)}

Restore = Callable[[], Any]


def snapshot(value: Any, contents: bool = True, seen: dict[int, Restore] | None = None) -> Restore:
    """Copy the contents of an object.

    Descends into lists, dictionaries, sets, queues and tuples; copies tensors and arrays; saves random number generators. Objects
    of other kinds are kept by reference only.

    Args:
        value: Any object.
        contents: Copy tensors, arrays and collections; ``False`` saves only random number generators.
        seen: Restorers by ``id`` of what has been copied already, so that shared objects are copied once.

    Returns:
        A function that restores the contents in place and returns the object.
    """
    seen = {} if seen is None else seen
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | type):
        return lambda: value
    if id(value) in seen:
        return seen[id(value)]
    restore: Restore = lambda: value  # noqa: E731
    seen[id(value)] = lambda: value  # for members that refer back to it
    if isinstance(value, torch.Generator):
        state = value.get_state()
        restore = _then(value, lambda: value.set_state(state))
    elif isinstance(value, random.Random):
        drawn = value.getstate()
        restore = _then(value, lambda: value.setstate(drawn))
    elif isinstance(value, np.random.Generator):
        bits = copy.deepcopy(value.bit_generator.state)
        restore = _then(value, lambda: setattr(value.bit_generator, "state", bits))
    elif isinstance(value, np.random.RandomState):
        legacy = value.get_state()
        restore = _then(value, lambda: value.set_state(legacy))
    elif contents and isinstance(value, Tensor):
        restore = _snapshot_tensor(value)
    elif contents and isinstance(value, np.ndarray):
        array = value.copy()
        restore = _then(value, lambda: np.copyto(value, array))
    elif contents and isinstance(value, list) and all(type(member) in _PLAIN for member in value):
        plain = value.copy()
        restore = _then(value, lambda: value.__setitem__(slice(None), plain))
    elif contents and isinstance(value, dict):
        members = {key: snapshot(member, contents, seen) for key, member in value.items()}
        restore = _then(value, lambda: _refill(value, members))
    elif contents and isinstance(value, list | deque):
        items = [snapshot(member, contents, seen) for member in value]
        restore = _then(value, lambda: (value.clear(), value.extend([item() for item in items])))
    elif contents and isinstance(value, set):
        elements = set(value)
        restore = _then(value, lambda: _refill_set(value, elements))
    elif contents and isinstance(value, tuple):
        parts = [snapshot(member, contents, seen) for member in value]
        restore = _then(value, lambda: [part() for part in parts])
    seen[id(value)] = restore
    return restore


def _then(value: Any, act: Callable[[], Any]) -> Restore:
    def restore() -> Any:
        act()
        return value

    return restore


def _refill(value: dict[Any, Any], members: dict[Any, Restore]) -> None:
    kept = {key: restore() for key, restore in members.items()}
    value.clear()
    value.update(kept)


def _refill_set(value: set[Any], elements: set[Any]) -> None:
    value.clear()
    value.update(elements)


def _snapshot_tensor(value: Tensor) -> Restore:
    if is_lazy(value):
        return lambda: value
    saved, gradient = value.detach().clone(), value.grad if value.is_leaf else None

    def restore() -> Tensor:
        value.data.copy_(saved)
        if value.is_leaf:
            value.grad = gradient
        return value

    return restore
