"""Flat, then a cosine; and the options that it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from practicum.callbacks import FlatCosine
from practicum.callbacks.schedules.flat_cosine import flat_cosine
from practicum.lightning_shim import MisconfigurationException

CLOSE = {"rel": 0, "abs": 1e-12}


def test_flat_cosine_is_flat_then_falls() -> None:
    assert [flat_cosine(step, 100) for step in (0, 40, 75)] == [1, 1, 1]
    for step in range(76, 101):
        wanted = 1e-5 + 0.5 * (1 - 1e-5) * (1 + math.cos(math.pi * (step - 75) / 25))
        assert flat_cosine(step, 100) == pytest.approx(wanted, **CLOSE)


def test_simulation_needs_no_training() -> None:
    rates = FlatCosine().simulate(70, steps_per_epoch=10, lr=0.5)
    assert len(rates) == 70
    assert max(rates) == pytest.approx(0.5, rel=1e-3)
    assert min(rates) >= 0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: FlatCosine(pct_start=-0.1), "pct_start=-0.1"),
        (lambda: FlatCosine(div_final=0), "div_final=0"),
    ],
)
def test_refusals_name_the_parameter(build: Callable[[], object], message: str) -> None:
    with pytest.raises(MisconfigurationException) as refused:
        build()
    assert message in str(refused.value)
