"""Rates by layer group, and how an optimizer and its schedulers are split for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.callbacks.fine_tuning.discriminative_lr import (
    apply_layer_lrs,
    discriminative_lrs,
    geometric_lrs,
    sliced_lrs,
    split_parameter_groups,
)
from practicum.lightning_shim import MisconfigurationException
from torch import nn
from torch.optim import lr_scheduler


def test_rates_are_those_of_the_2017_course() -> None:
    assert discriminative_lrs(3, 81) == pytest.approx([1 / 81, 1 / 9, 1])
    assert discriminative_lrs(2, 81) == pytest.approx([1 / 9, 1])
    assert discriminative_lrs(1, 81) == [1]


def test_rates_are_those_of_ulmfit_and_of_fastais_slice() -> None:
    assert geometric_lrs(3, 2.6) == pytest.approx([2.6**-2, 1 / 2.6, 1])
    assert sliced_lrs(3, 0.001, 0.1) == pytest.approx([0.001, 0.01, 0.1])
    assert sliced_lrs(1, 0.001, 0.1) == [0.001]


def test_groups_are_split_by_layer_and_the_rest_counts_to_the_head() -> None:
    body, head, other = nn.Linear(1, 2), nn.Linear(2, 1), nn.Parameter(torch.zeros(1))
    weights, rest = [body.weight, head.weight], [body.bias, head.bias, other]
    optimizer = torch.optim.SGD([{"params": weights, "weight_decay": 0.1}, {"params": rest}], lr=1.0)
    assert split_parameter_groups(optimizer, [[body], [head]]) == [0, 0, 1, 1]
    groups = optimizer.param_groups
    assert [[id(p) for p in group["params"]] for group in groups] == [
        [id(body.weight)],
        [id(head.weight)],
        [id(body.bias)],
        [id(head.bias), id(other)],
    ]
    assert [group["weight_decay"] for group in groups] == [0.1, 0.1, 0, 0]


def test_whatever_configure_optimizers_returns() -> None:
    body, head = nn.Linear(1, 2), nn.Linear(2, 1)
    for shape in ("optimizer", "dictionary", "lists"):
        optimizer = torch.optim.SGD([*body.parameters(), *head.parameters()], lr=1.0)
        scheduler = lr_scheduler.StepLR(optimizer, 1, 0.5)
        configured = {
            "optimizer": optimizer,
            "dictionary": {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}},
            "lists": ([optimizer], [{"scheduler": scheduler}]),
        }[shape]
        apply_layer_lrs(configured, [[body], [head]], [0.1, 1.0])
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.1, 1.0])
        if shape != "optimizer":
            optimizer.step()
            scheduler.step()
            assert scheduler.get_last_lr() == pytest.approx([0.05, 0.5])


def test_one_rate_for_all_parameters_is_refused() -> None:
    body, head = nn.Linear(1, 2), nn.Linear(2, 1)
    optimizer = torch.optim.LBFGS([*body.parameters(), *head.parameters()])
    with pytest.raises(MisconfigurationException, match="LBFGS has one learning rate for all parameters"):
        apply_layer_lrs(optimizer, [[body], [head]], [0.1, 1])


def test_absolute_rates_replace_the_optimizers() -> None:
    body, head = nn.Linear(1, 2), nn.Linear(2, 1)
    optimizer = torch.optim.SGD([{"params": body.parameters(), "lr": 7.0}, {"params": head.parameters(), "lr": 5.0}])
    apply_layer_lrs(optimizer, [[body], [head]], [0.01, 0.1], absolute=True)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.01, 0.1])


def courses(scheduler: Callable[[torch.optim.Optimizer], Any], rates: list[float], steps: int) -> list[tuple[float, ...]]:
    """The rates of body and head over some steps, where these are their absolute ones."""
    body, head = nn.Linear(1, 2), nn.Linear(2, 1)
    optimizer = torch.optim.SGD([*body.parameters(), *head.parameters()], lr=0.1)
    moves = scheduler(optimizer)
    apply_layer_lrs(([optimizer], [moves]), [[body], [head]], rates, absolute=True)
    found = []
    for _ in range(steps):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        moves.step()
    return list(zip(*found, strict=True))


def test_absolute_rates_are_the_peaks_of_a_scheduler_that_keeps_its_own() -> None:
    found = courses(lambda o: lr_scheduler.CyclicLR(o, 0.01, 0.2, step_size_up=4, cycle_momentum=False), [1e-3, 1e-2], 9)
    assert [max(each) for each in found] == pytest.approx([1e-3, 1e-2])


def test_no_rate_rises_to_a_floor_that_is_one_for_all_groups() -> None:
    found = courses(lambda o: lr_scheduler.CosineAnnealingLR(o, 4, eta_min=1e-2), [1e-3, 1e-1], 5)
    assert all(sorted(each, reverse=True) == list(each) for each in found)
    assert [each[-1] for each in found] == pytest.approx([1e-4, 1e-4])
