"""Each schedule against its paper's formula, or the peer whose defaults it takes; and the numbers it refuses."""

from __future__ import annotations

import math

import pytest
import torch
from practicum.callbacks import SGDR, CyclicalLR, FlatCosine, OneCycle, SlantedTriangular
from practicum.callbacks.schedules.cyclical_lr import cyclical
from practicum.callbacks.schedules.flat_cosine import flat_cosine
from practicum.callbacks.schedules.lr_schedule import Length, RateSchedule
from practicum.callbacks.schedules.one_cycle import one_cycle
from practicum.callbacks.schedules.sgdr import cycle_of, sgdr, sgdr_length
from practicum.callbacks.schedules.slanted_triangular import slanted_triangular
from pytorch_lightning.utilities.exceptions import MisconfigurationException
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
    assert SGDR(2, 3, cycles=2).epochs == 8
    assert SGDR(2, 3).epochs is None


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


def test_one_cycle_is_fastais() -> None:
    def cos(start: float, end: float, position: float) -> float:
        return start + (1 + math.cos(math.pi * (1 - position))) * (end - start) / 2

    for step in range(80):
        done = step / 80
        wanted = cos(1 / 25, 1, done / 0.25) if done < 0.25 else cos(1, 1e-5, (done - 0.25) / 0.75)
        assert one_cycle(step, 80) == pytest.approx(wanted, **CLOSE)
    assert one_cycle(80, 80) == pytest.approx(1e-5)


def test_flat_cosine_is_flat_then_falls() -> None:
    assert [flat_cosine(step, 100) for step in (0, 40, 75)] == [1, 1, 1]
    for step in range(76, 101):
        wanted = 1e-5 + 0.5 * (1 - 1e-5) * (1 + math.cos(math.pi * (step - 75) / 25))
        assert flat_cosine(step, 100) == pytest.approx(wanted, **CLOSE)


def test_slanted_triangular_is_equation_3() -> None:
    total, cut_frac, ratio = 200, 0.1, 32
    cut = math.floor(total * cut_frac)
    for step in range(total + 1):
        p = step / cut if step < cut else 1 - (step - cut) / (cut * (1 / cut_frac - 1))
        assert slanted_triangular(step, total) == pytest.approx((1 + p * (ratio - 1)) / ratio, **CLOSE)
    assert slanted_triangular(0, 4) == 1 / 32  # too short for a tenth: one step climbs


@pytest.mark.parametrize(
    "schedule", [SGDR(1, 2), CyclicalLR(1), OneCycle(), FlatCosine(), SlantedTriangular()], ids=lambda each: type(each).__name__
)
def test_simulation_needs_no_training(schedule: RateSchedule) -> None:
    rates = schedule.simulate(70, steps_per_epoch=10, lr=0.5)
    assert len(rates) == 70
    assert max(rates) == pytest.approx(0.5, rel=1e-3)
    assert min(rates) >= 0


def test_one_cycle_momentum_runs_against_the_rate() -> None:
    schedule = OneCycle()
    length = Length(None, 100)
    momenta = [schedule.momentum(step, length) for step in (0, 25, 100)]
    assert momenta == pytest.approx([0.95, 0.85, 0.95])


def test_cyclical_momentum_runs_against_the_rate() -> None:
    schedule = CyclicalLR(5, unit="step", momentum=[0.95, 0.85])
    assert [schedule.momentum(step, Length(None, 10)) for step in (0, 5, 10)] == pytest.approx([0.95, 0.85, 0.95])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SGDR(0), "cycle_len=0"),
        (lambda: SGDR(1, 0.5), "cycle_mult=0.5"),
        (lambda: SGDR(cycles=0), "cycles=0"),
        (lambda: SGDR(low=1.5), "low=1.5"),
        (lambda: SGDR(unit="week"), "unit=week"),  # type: ignore[arg-type]
        (lambda: CyclicalLR(step_size=0), "step_size=0"),
        (lambda: CyclicalLR(low=2), "low=2"),
        (lambda: CyclicalLR(mode="square"), "mode=square"),  # type: ignore[arg-type]
        (lambda: CyclicalLR(gamma=1.1), "gamma=1.1"),
        (lambda: CyclicalLR(momentum=[0.9]), "momentum=[0.9]"),
        (lambda: CyclicalLR(cycles=-1), "cycles=-1"),
        (lambda: OneCycle(pct_start=1), "pct_start=1"),
        (lambda: OneCycle(div=0.5), "div=0.5"),
        (lambda: OneCycle(div_final=0.5), "div_final=0.5"),
        (lambda: OneCycle(momentum=(0.9, 1.2, 0.9)), "momentum=[0.9, 1.2, 0.9]"),
        (lambda: FlatCosine(pct_start=-0.1), "pct_start=-0.1"),
        (lambda: FlatCosine(div_final=0), "div_final=0"),
        (lambda: SlantedTriangular(cut_frac=0), "cut_frac=0"),
        (lambda: SlantedTriangular(ratio=0.1), "ratio=0.1"),
        (lambda: OneCycle().simulate(1), "1 step long"),
        (lambda: SGDR().simulate(10), "cycle_len=1 epoch can't be counted"),
        (lambda: SGDR().simulate(10, steps_per_epoch=1), "single step"),
        (lambda: CyclicalLR().simulate(10), "step_size=2 epoch can't be counted"),
    ],
)
def test_refusals_name_the_parameter(build, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(MisconfigurationException) as refused:
        build()
    assert message in str(refused.value)
