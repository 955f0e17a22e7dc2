"""What the figure of a schedule shows, and that it is a PNG."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from practicum.callbacks.schedules.schedule_figure import draw_schedule, schedule_curves

HISTORY = [(step, 0.1 / (1 + step), 0.9) for step in range(0, 301, 3)]


def test_plan_and_course_up_to_the_last_step() -> None:
    rate, momentum = schedule_curves(lambda step: 0.2 / (1 + step), lambda step: 0.5, HISTORY)
    assert (rate.name, momentum.name) == ("learning rate", "momentum")
    assert rate.steps == momentum.steps == list(range(301))
    assert rate.planned == pytest.approx([0.2 / (1 + step) for step in range(301)])
    assert momentum.planned == [0.5] * 301
    assert rate.actual == [(step, lr) for step, lr, _ in HISTORY]
    assert momentum.actual == [(step, 0.9) for step, _, _ in HISTORY]


def test_a_schedule_that_leaves_momentum_alone_has_one_panel() -> None:
    (curve,) = schedule_curves(lambda step: 1.0, lambda step: None, [(0, 1.0, 0.9)])
    assert curve.name == "learning rate"
    assert curve.steps == [0, 1]


def test_long_courses_are_thinned_out() -> None:
    history = [(step, 1.0, None) for step in range(4000)]
    (curve,) = schedule_curves(lambda step: 1.0, lambda step: None, history)
    assert len(curve.steps) == 1001
    assert 60 <= len(curve.actual) <= 120


def test_panels_lie_side_by_side(tmp_path: Path) -> None:
    curves = schedule_curves(lambda step: 0.1, lambda step: 0.5, HISTORY)
    for number in (1, 2):
        draw_schedule(curves[:number], "OneCycle", tmp_path / f"{number}.png")
    with Image.open(tmp_path / "1.png") as one, Image.open(tmp_path / "2.png") as two:
        assert one.format == two.format == "PNG"
        assert two.size[0] > 1.5 * one.size[0]
