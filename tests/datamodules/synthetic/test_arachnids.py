"""Bodies of spiders and scorpions: of their size, where the pose puts them, and never twice the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from practicum.datamodules.synthetic.arachnids import random_pose, render_scorpion, render_spider
from practicum.datamodules.synthetic.painter import Painter


def test_a_pose_rotates_foreshortens_and_moves() -> None:
    for seed in range(10):
        place = random_pose((100.0, 80.0), 30.0, np.random.default_rng(seed))
        assert np.allclose(place(0, 0), (100, 80))
        axes = np.array([np.subtract(place(1, 0), place(0, 0)), np.subtract(place(0, 1), place(0, 0))])
        lengths = np.linalg.svd(axes, compute_uv=False)
        assert lengths[0] == pytest.approx(30)
        assert 0.62 * 30 - 1e-6 <= lengths[1] <= 30 + 1e-6


@pytest.mark.parametrize("render", [render_spider, render_scorpion])
def test_a_body_lies_about_its_center_and_is_random(render: Callable[..., None]) -> None:
    masks = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        painter = Painter(240, 300, (0.3, -0.5, 1.0), 0.3)
        render(painter, random_pose((150.0, 120.0), 40.0, rng), 40.0, rng)
        rows, columns = np.nonzero(painter.alpha > 0.5)
        assert 600 < len(rows) < 20_000
        assert abs(rows.mean() - 120) < 40
        assert abs(columns.mean() - 150) < 40
        masks.append(painter.alpha)
    assert all(not np.array_equal(masks[0], other) for other in masks[1:])
