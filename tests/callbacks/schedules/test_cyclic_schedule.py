"""What schedules of cycles plan, by the unit of their period."""

from __future__ import annotations

import pytest
from practicum.callbacks import SGDR, CyclicalLR
from practicum.callbacks.schedules.lr_schedule import TrainingLength
from practicum.lightning_shim import MisconfigurationException


def test_the_plan_is_that_of_the_unit() -> None:
    assert SGDR(2, 3).planned_epochs is None
    for schedule, length in ((SGDR(2, 3, cycles=2), 8), (CyclicalLR(2, cycles=3), 12)):
        assert (schedule.planned_epochs, schedule.planned_steps) == (length, None)
    for schedule, length in ((SGDR(2, 3, cycles=2, unit="step"), 8), (CyclicalLR(2, unit="step", cycles=3), 12)):
        assert (schedule.planned_epochs, schedule.planned_steps) == (None, length)


def test_a_period_is_counted_in_steps() -> None:
    assert SGDR(2).period_in_steps(TrainingLength(epoch=10, total=100)) == 20
    assert CyclicalLR(7, unit="step").period_in_steps(TrainingLength(total=100)) == 7
    for schedule in (SGDR(2), CyclicalLR(2)):
        with pytest.raises(MisconfigurationException, match="2 epoch can't be counted in steps"):
            schedule.validate(TrainingLength(total=100))
