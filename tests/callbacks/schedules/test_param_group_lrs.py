"""All the places in which torch keeps a rate are scaled together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.callbacks.schedules.param_group_lrs import peak_lr, peak_lrs, reset_to_peak_lr, scale_lrs
from torch import nn
from torch.optim import lr_scheduler

SCHEDULERS: dict[str, Callable[[Any], Any]] = {
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda step: 0.9**step),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(o, max_lr=[0.1, 1.0], total_steps=9),
    "CyclicLR": lambda o: lr_scheduler.CyclicLR(o, [0.01, 0.1], [0.1, 1.0], step_size_up=2),
    "CosineAnnealingLR": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=9),
    "CosineAnnealingLR to a floor": lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=5, eta_min=0.05),
    "CyclicLR above": lambda o: lr_scheduler.CyclicLR(o, [0.1, 1.0], [0.4, 2.0], step_size_up=3),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.ConstantLR(o, 0.5), lr_scheduler.CosineAnnealingLR(o, T_max=5)], milestones=[3]
    ),
}


def build(scheduler: str) -> tuple[torch.optim.Optimizer, Any]:
    groups = [{"params": nn.Linear(1, 1).parameters(), "lr": lr} for lr in (0.1, 1.0)]
    optimizer = torch.optim.SGD(groups, momentum=0.9)
    return optimizer, SCHEDULERS[scheduler](optimizer)


def rates(optimizer: torch.optim.Optimizer, scheduler: Any) -> list[list[float]]:
    found = []
    for _ in range(7):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        scheduler.step()
    return found


@pytest.mark.parametrize("name", SCHEDULERS)
def test_scaled_it_is_the_same_course_at_another_height(name: str) -> None:
    plain = rates(*build(name))
    optimizer, scheduler = build(name)
    scale_lrs(optimizer, [scheduler], 3.0)
    for wanted, got in zip(plain, rates(optimizer, scheduler), strict=True):
        assert got == pytest.approx([3 * rate for rate in wanted], rel=1e-9)


def test_reset_knows_a_peak_that_the_scheduler_keeps_to_itself() -> None:
    optimizer, scheduler = build("CyclicLR above")
    reset_to_peak_lr(optimizer, [scheduler])
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.4, 2.0])


@pytest.mark.parametrize("name", ["LambdaLR", "OneCycleLR", "CosineAnnealingLR"])
def test_reset_leaves_the_peak_and_no_trace_of_a_schedule(name: str) -> None:
    optimizer, scheduler = build(name)
    rates(optimizer, scheduler)
    assert [peak_lr(group) for group in optimizer.param_groups] == pytest.approx([0.1, 1.0])
    reset_to_peak_lr(optimizer)
    for group, peak in zip(optimizer.param_groups, (0.1, 1.0), strict=True):
        assert group["lr"] == pytest.approx(peak)
        assert not {"initial_lr", "max_lr", "min_lr"} & group.keys()


@pytest.mark.parametrize(("name", "wanted"), [("CyclicLR above", [0.4, 2.0]), ("CosineAnnealingLR", [0.1, 1.0])])
def test_a_peak_that_a_scheduler_keeps_to_itself_counts(name: str, wanted: list[float]) -> None:
    optimizer, scheduler = build(name)
    assert peak_lrs(optimizer, [scheduler]) == pytest.approx(wanted)
    assert peak_lrs(optimizer, []) == pytest.approx([0.1, 1.0])
    other = build("CyclicLR above")[1]
    assert peak_lrs(optimizer, [other]) == pytest.approx([0.1, 1.0])  # of another optimizer
