"""Annealing functions at their ends, in the middle, and beyond."""

from __future__ import annotations

import math

import pytest
from practicum.callbacks.schedules.annealing import cosine_anneal, linear_anneal, two_phase_cosine


def test_both_go_from_start_to_end_through_the_middle() -> None:
    for anneal in (cosine_anneal, linear_anneal):
        assert [anneal(2.0, 4.0, position) for position in (0, 0.5, 1)] == pytest.approx([2, 3, 4])
    assert cosine_anneal(1.0, 0.0, 1 / 3) == pytest.approx((1 + math.cos(math.pi / 3)) / 2)
    assert linear_anneal(1.0, 0.0, 1 / 3) == pytest.approx(2 / 3)


def test_two_phases_meet_and_the_end_is_kept() -> None:
    values = [two_phase_cosine(position, 0.25, 0.1, 1.0, 0.0) for position in (0, 0.125, 0.25, 0.625, 1, 1.5)]
    assert values == pytest.approx([0.1, 0.55, 1, 0.5, 0, 0])
