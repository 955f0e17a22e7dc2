"""Slanted triangular rates against the paper; and the options that they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from practicum.callbacks import SlantedTriangular
from practicum.callbacks.schedules.slanted_triangular import slanted_triangular
from practicum.lightning_shim import MisconfigurationException

CLOSE = {"rel": 0, "abs": 1e-12}


def test_slanted_triangular_is_equation_3() -> None:
    total, cut_frac, ratio = 200, 0.1, 32
    cut = math.floor(total * cut_frac)
    for step in range(total + 1):
        p = step / cut if step < cut else 1 - (step - cut) / (cut * (1 / cut_frac - 1))
        assert slanted_triangular(step, total) == pytest.approx((1 + p * (ratio - 1)) / ratio, **CLOSE)
    assert slanted_triangular(0, 4) == 1 / 32  # too short for a tenth: the rate rises in one step


def test_simulation_needs_no_training() -> None:
    rates = SlantedTriangular().simulate(70, steps_per_epoch=10, lr=0.5)
    assert len(rates) == 70
    assert max(rates) == pytest.approx(0.5, rel=1e-3)
    assert min(rates) >= 0


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: SlantedTriangular(cut_frac=0), "cut_frac=0"),
        (lambda: SlantedTriangular(ratio=0.1), "ratio=0.1"),
    ],
)
def test_refusals_name_the_parameter(build: Callable[[], object], message: str) -> None:
    with pytest.raises(MisconfigurationException) as refused:
        build()
    assert message in str(refused.value)


def test_a_training_of_one_step_has_its_lowest_rate() -> None:
    """As fast_dev_run has it: a cycle that has no room to fall."""
    assert slanted_triangular(0, 1) == pytest.approx(1 / 32)
    assert slanted_triangular(1, 1) == pytest.approx(1.0)
