"""What is copied and restored, by kind."""

from __future__ import annotations

import random
from collections import deque

import numpy as np
import torch
from practicum.callbacks.trainer_internals.object_snapshot import snapshot
from torch import nn


def test_everything_comes_back_into_the_same_objects() -> None:
    weight = nn.Parameter(torch.ones(2))
    weight.grad = torch.full((2,), 3.0)
    inner, numbers, queue, names = [1, [2]], np.arange(3), deque([1, 2], maxlen=5), {"a"}
    held = {"weight": weight, "inner": inner, "numbers": numbers, "queue": queue, "names": names, "pair": (inner, 1), "n": 1}
    restore = snapshot(held)
    gradient = weight.grad
    with torch.no_grad():
        weight.mul_(5)
    weight.grad = None
    inner[1].append(9)  # type: ignore[union-attr]
    inner.append(3)
    numbers += 1
    queue.append(3)
    names.add("b")
    held.update(n=2, new=3)
    del held["pair"]
    with torch.no_grad():
        assert restore() is held
    assert torch.equal(weight, torch.ones(2))
    assert weight.grad is gradient
    assert held["inner"] is inner
    assert inner == [1, [2]]
    assert numbers.tolist() == [0, 1, 2]
    assert list(queue) == [1, 2]
    assert names == {"a"}
    assert held["n"] == 1
    assert "new" not in held
    assert held["pair"] == (inner, 1)


def test_generators_of_every_kind() -> None:
    ours = (random.Random(1), np.random.default_rng(1), np.random.RandomState(1), torch.Generator().manual_seed(1))

    def draw() -> list[float]:
        return [ours[0].random(), ours[1].random(), ours[2].random(), float(torch.rand((), generator=ours[3]))]

    restore = snapshot(list(ours), contents=True)
    first = draw()
    restore()
    assert draw() == first


def test_what_is_shared_is_copied_once_and_circles_end() -> None:
    shared: list[object] = [torch.zeros(1)]
    shared.append(shared)
    restore = snapshot({"a": shared, "b": shared})
    shared[0].add_(1)  # type: ignore[attr-defined]
    shared.append(1)
    restore()
    assert len(shared) == 2
    assert float(shared[0]) == 0  # type: ignore[arg-type]
    assert shared[1] is shared
