"""The scheduler by itself: rates, momentum, and its state."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from practicum.callbacks.schedules.factor_lr import FactorLR, momentum_of
from torch import nn


def groups() -> list[dict[str, Any]]:
    return [{"params": nn.Linear(1, 1).parameters(), "lr": lr} for lr in (0.1, 1.0)]


@pytest.mark.parametrize("optimizer", [lambda: torch.optim.SGD(groups(), momentum=0.9), lambda: torch.optim.AdamW(groups())])
def test_every_group_has_its_share_and_momentum(optimizer: Any) -> None:
    optimizer = optimizer()
    scheduler = FactorLR(optimizer, lambda step: 1 / (1 + step), lambda step: 0.5 + step / 10)
    for step in range(3):
        assert scheduler.get_last_lr() == pytest.approx([0.1 / (1 + step), 1 / (1 + step)])
        assert [group["lr"] for group in optimizer.param_groups] == scheduler.get_last_lr()
        assert [momentum_of(group) for group in optimizer.param_groups] == pytest.approx([0.5 + step / 10] * 2)
        optimizer.step()
        scheduler.step()


def test_without_a_function_momentum_stays() -> None:
    optimizer = torch.optim.SGD(groups(), momentum=0.9)
    FactorLR(optimizer, lambda step: 0.5)
    assert [momentum_of(group) for group in optimizer.param_groups] == [0.9, 0.9]
    assert momentum_of(torch.optim.Adagrad(groups()).param_groups[0]) is None


def test_refresh_follows_a_function_that_has_changed() -> None:
    factor = [1.0]
    optimizer = torch.optim.SGD(groups())
    scheduler = FactorLR(optimizer, lambda step: factor[0])
    factor[0] = 0.25
    scheduler.refresh()
    assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups] == [0.025, 0.25]


def test_state_is_the_position_and_holds_no_function() -> None:
    optimizer = torch.optim.SGD(groups())
    scheduler = FactorLR(optimizer, lambda step: 0.5**step, lambda step: None)
    optimizer.step()
    scheduler.step()
    state = scheduler.state_dict()
    assert not any(callable(value) for value in state.values())
    again = FactorLR(torch.optim.SGD(groups()), lambda step: 0.5**step)
    again.load_state_dict(state)
    assert again.last_epoch == 1
    assert again.get_last_lr() == scheduler.get_last_lr()
