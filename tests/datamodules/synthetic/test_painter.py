"""The renderer: solids cover the area they should, are lit from the light's side, and cast a shadow."""

from __future__ import annotations

import numpy as np
import pytest
from practicum.datamodules.synthetic.painter import Painter, noise


def test_noise_is_smooth_and_within_bounds() -> None:
    field = noise(np.random.default_rng(0), 60, 80, 20)
    assert field.shape == (60, 80)
    assert 0 <= field.min() < field.max() <= 1
    assert np.abs(np.diff(field, axis=0)).mean() < 0.05


def test_an_ellipsoid_covers_its_area_and_is_brighter_towards_the_light() -> None:
    painter = Painter(100, 120, (-1.0, 0.0, 0.5), 0.0)
    painter.ellipsoid((60, 50), 30, 20, 0.0, (0.5, 0.5, 0.5))
    assert painter.alpha.sum() == pytest.approx(np.pi * 30 * 20, rel=0.02)
    assert painter.rgb[50, 40:50].mean() > 1.5 * painter.rgb[50, 70:80].mean()


def test_a_limb_runs_from_end_to_end_and_what_lies_outside_is_left_out() -> None:
    painter = Painter(50, 100, (0.0, 0.0, 1.0), 0.0)
    painter.limb((20, 25), (80, 25), 5, 5, (0.5, 0.5, 0.5))
    assert painter.alpha.sum() == pytest.approx(60 * 10 + np.pi * 25, rel=0.03)
    before = painter.alpha.copy()
    painter.limb((200, 200), (300, 300), 5, 5, (0.5, 0.5, 0.5))
    assert np.array_equal(painter.alpha, before)


def test_a_shadow_falls_on_the_ground() -> None:
    painter = Painter(60, 60, (0.0, 0.0, 1.0), 0.0)
    painter.ellipsoid((30, 30), 8, 8, 0.0, (0.2, 0.2, 0.2))
    photo = painter.over(np.ones((60, 60, 3), np.float32), (12, 0), 1, 0.5)
    assert photo[30, 45].mean() == pytest.approx(0.5, abs=0.05)
    assert photo[30, 10].mean() == pytest.approx(1.0, abs=0.01)
