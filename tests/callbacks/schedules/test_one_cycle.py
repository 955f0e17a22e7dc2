"""One cycle against fastai's formula; and the options that it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from practicum.callbacks import OneCycle
from practicum.callbacks.schedules.lr_schedule import TrainingLength
from practicum.callbacks.schedules.one_cycle import one_cycle
from practicum.lightning_shim import MisconfigurationException

CLOSE = {"rel": 0, "abs": 1e-12}


def test_one_cycle_is_fastais() -> None:
    def cos(start: float, end: float, position: float) -> float:
        return start + (1 + math.cos(math.pi * (1 - position))) * (end - start) / 2

    for step in range(80):
        done = step / 80
        wanted = cos(1 / 25, 1, done / 0.25) if done < 0.25 else cos(1, 1e-5, (done - 0.25) / 0.75)
        assert one_cycle(step, 80) == pytest.approx(wanted, **CLOSE)
    assert one_cycle(80, 80) == pytest.approx(1e-5)


def test_one_cycle_momentum_runs_against_the_rate() -> None:
    schedule = OneCycle()
    length = TrainingLength(None, 100)
    momenta = [schedule.momentum(step, length) for step in (0, 25, 100)]
    assert momenta == pytest.approx([0.95, 0.85, 0.95])


def test_simulation_needs_no_training() -> None:
    rates = OneCycle().simulate(70, steps_per_epoch=10, lr=0.5)
    assert len(rates) == 70
    assert max(rates) == pytest.approx(0.5, rel=1e-3)
    assert min(rates) >= 0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: OneCycle(pct_start=1), "pct_start=1"),
        (lambda: OneCycle(div=0.5), "div=0.5"),
        (lambda: OneCycle(div_final=0.5), "div_final=0.5"),
        (lambda: OneCycle(momentum=(0.9, 1.2, 0.9)), "momentum=[0.9, 1.2, 0.9]"),
        (lambda: OneCycle().simulate(1), "1 step long"),
    ],
)
def test_refusals_name_the_parameter(build: Callable[[], object], message: str) -> None:
    with pytest.raises(MisconfigurationException) as refused:
        build()
    assert message in str(refused.value)
