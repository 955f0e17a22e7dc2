"""Cyclical rates against torch; and the options that they refuse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from practicum.callbacks import CyclicalLR
from practicum.callbacks.schedules.cyclical_lr import cyclical
from practicum.callbacks.schedules.lr_schedule import TrainingLength
from practicum.lightning_shim import MisconfigurationException
from torch import nn

CLOSE = {"rel": 0, "abs": 1e-12}


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
def test_cyclical_is_torchs(mode: str) -> None:
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    theirs = torch.optim.lr_scheduler.CyclicLR(
        optimizer, base_lr=0.25, max_lr=1.0, step_size_up=7, mode=mode, gamma=0.99, cycle_momentum=False
    )
    for step in range(60):
        assert cyclical(step, 7, 0.25, mode, gamma=0.99) == pytest.approx(theirs.get_last_lr()[0], **CLOSE)  # type: ignore[arg-type]
        optimizer.step()
        theirs.step()


def test_cyclical_momentum_runs_against_the_rate() -> None:
    schedule = CyclicalLR(5, unit="step", momentum=[0.95, 0.85])
    assert [schedule.momentum(step, TrainingLength(None, 10)) for step in (0, 5, 10)] == pytest.approx([0.95, 0.85, 0.95])


def test_cycles_say_how_long_they_take() -> None:
    assert CyclicalLR(2, cycles=3).planned_epochs == 12
    assert CyclicalLR(2, cycles=3).planned_steps is None
    assert CyclicalLR(2, cycles=3, unit="step").planned_steps == 12
    assert CyclicalLR(2).planned_epochs is None


def test_simulation_needs_no_training() -> None:
    rates = CyclicalLR(1).simulate(70, steps_per_epoch=10, lr=0.5)
    assert len(rates) == 70
    assert max(rates) == pytest.approx(0.5, rel=1e-3)
    assert min(rates) >= 0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: CyclicalLR(step_size=0), "step_size=0"),
        (lambda: CyclicalLR(low=2), "low=2"),
        (lambda: CyclicalLR(mode="square"), "mode=square"),  # type: ignore[arg-type]
        (lambda: CyclicalLR(gamma=1.1), "gamma=1.1"),
        (lambda: CyclicalLR(momentum=[0.9]), "momentum=[0.9]"),
        (lambda: CyclicalLR(cycles=-1), "cycles=-1"),
        (lambda: CyclicalLR().simulate(10), "step_size=2 epoch can't be counted"),
    ],
)
def test_refusals_name_the_parameter(build: Callable[[], object], message: str) -> None:
    with pytest.raises(MisconfigurationException) as refused:
        build()
    assert message in str(refused.value)
