"""SGDR against its paper and torch; and the options that it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from practicum.callbacks import SGDR
from practicum.callbacks.schedules.lr_schedule import TrainingLength
from practicum.callbacks.schedules.sgdr import cycle_of, sgdr, sgdr_length
from practicum.lightning_shim import MisconfigurationException
from torch import nn

CLOSE = {"rel": 0, "abs": 1e-12}


def test_sgdr_is_equation_5() -> None:
    starts = {0: 10, 10: 20, 30: 40, 70: 80}  # each cycle's first step and its length
    for start, length in starts.items():
        for now in range(length):
            wanted = 0.1 + 0.5 * (1 - 0.1) * (1 + math.cos(math.pi * now / length))
            assert sgdr(start + now, 10, 2, low=0.1) == pytest.approx(wanted, **CLOSE)


def test_sgdr_is_torchs_warm_restarts() -> None:
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=5, T_mult=3)
    for step in range(60):
        assert sgdr(step, 5, 3) == pytest.approx(theirs.get_last_lr()[0], **CLOSE)
        optimizer.step()
        theirs.step()


def test_sgdr_cycles_of_one_length_and_of_broken_growth() -> None:
    assert [cycle_of(step, 4) for step in (0, 3, 4, 4000003)] == [(0, 0, 4), (0, 0, 4), (1, 4, 4), (1000000, 4000000, 4)]
    assert cycle_of(9, 4, 1.5) == (1, 4, 6)
    assert cycle_of(10, 4, 1.5) == (2, 10, 9)
    assert sgdr_length(3, 1, 2) == 7
    assert [cycle_of(step, 1, 1.5, unit=10) for step in (9, 10, 30, 50)] == [(0, 0, 10), (1, 10, 20), (2, 30, 20), (3, 50, 30)]


@pytest.mark.parametrize("steps_per_epoch", [10, 15])
def test_a_training_of_the_planned_epochs_ends_with_a_cycle(steps_per_epoch: int, caplog: pytest.LogCaptureFixture) -> None:
    schedule = SGDR(cycle_mult=1.5, cycles=3)
    assert schedule.planned_epochs == 5  # 1, 2 and 2: 1.5 and 2.25, rounded
    steps = 5 * steps_per_epoch
    rates = schedule.simulate(steps, steps_per_epoch)
    assert rates[-1] == min(rates[3 * steps_per_epoch :])
    assert schedule.multiplier(steps, TrainingLength(steps_per_epoch, steps + 1)) == 1
    assert not caplog.text


def test_simulation_needs_no_training() -> None:
    rates = SGDR(1, 2).simulate(70, steps_per_epoch=10, lr=0.5)
    assert len(rates) == 70
    assert max(rates) == pytest.approx(0.5, rel=1e-3)
    assert min(rates) >= 0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SGDR(0), "cycle_len=0"),
        (lambda: SGDR(1, 0.5), "cycle_mult=0.5"),
        (lambda: SGDR(cycles=0), "cycles=0"),
        (lambda: SGDR(low=1.5), "low=1.5"),
        (lambda: SGDR(unit="week"), "unit=week"),  # type: ignore[arg-type]
        (lambda: SGDR().simulate(10), "cycle_len=1 epoch can't be counted"),
        (lambda: SGDR().simulate(10, steps_per_epoch=1), "single step"),
    ],
)
def test_refusals_name_the_parameter(build: Callable[[], object], message: str) -> None:
    with pytest.raises(MisconfigurationException) as refused:
        build()
    assert message in str(refused.value)
