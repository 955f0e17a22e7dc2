"""Grounds and cameras: every kind is within bounds, and an animal is set off from its ground."""

from __future__ import annotations

import numpy as np
from practicum.datamodules.synthetic.painter import Painter
from practicum.datamodules.synthetic.scene import clutter, expose, ground, set_off, walk


def test_walks_add_their_steps() -> None:
    points = walk((1.0, 2.0), [(0.0, 3.0), (np.pi / 2, 2.0)])
    assert np.allclose(points, [(1, 2), (4, 2), (4, 4)])


def test_grounds_and_clutter_are_within_bounds_and_not_uniform() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        below = ground(rng, 60, 80)
        assert below.shape == (60, 80, 3)
        assert 0 <= below.min() < below.max() <= 1
        assert clutter(below, np.array([0.3, -0.5, 1.0]), rng).shape == below.shape


def test_an_animal_is_set_off_from_a_ground_of_its_own_brightness() -> None:
    painter = Painter(40, 40, (0.0, 0.0, 1.0), 0.0)
    painter.ellipsoid((20, 20), 15, 15, 0.0, (0.4, 0.4, 0.4))
    animal = float(painter.rgb[painter.alpha > 0.5].mean())
    below = np.full((40, 40, 3), animal, np.float32)
    assert abs(float(set_off(below, painter).mean()) - animal) > 0.15
    far = np.full((40, 40, 3), animal + 0.3, np.float32)
    assert set_off(far, painter) is far


def test_an_exposure_is_a_photo_of_the_same_size() -> None:
    photo = expose(np.full((30, 50, 3), 0.5, np.float32), np.random.default_rng(0))
    assert photo.size == (50, 30)
    assert 60 < np.asarray(photo).mean() < 200
