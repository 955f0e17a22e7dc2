"""The rules against fastai's own answers, and what counts as a valley."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from practicum.callbacks.lr_finder.suggestions import has_valley, readable_part, smooth, suggestions


def test_suggestions_are_fastais_on_recorded_curves() -> None:
    curves = json.loads(Path(__file__).with_name("lr_curves.json").read_text(encoding="utf-8"))
    assert len(curves) == 10
    for curve in curves:
        ours = suggestions(curve["lr"], curve["smoothed"], curve["steps"])
        assert ours == pytest.approx(curve["fastai"], rel=1e-5), curve["name"]


def test_smoothing_is_an_unbiased_exponential_average() -> None:
    losses = [3.0, 1.0, 2.0]
    weights = [0.98**2, 0.98, 1.0]
    assert smooth(losses)[-1] == pytest.approx(np.average(losses, weights=weights))
    assert smooth([5.0] * 9) == pytest.approx([5.0] * 9)


def test_noise_alone_is_no_valley() -> None:
    rng = np.random.default_rng(0)
    slope = 0.5 / (1 + np.exp(-(np.arange(100) - 50) / 8))
    assert sum(has_valley(list(1 + 0.1 * rng.normal(size=100)), 100) for _ in range(200)) < 8
    assert all(has_valley(list(1 - slope + 0.1 * rng.normal(size=100)), 100) for _ in range(200))


def test_the_readable_part_ends_at_the_first_nan() -> None:
    lrs, losses = [float(i) for i in range(40)], [1.0] * 30 + [float("nan")] * 10
    assert readable_part(lrs, losses, 40) == (lrs[4:30], [1.0] * 26)
    assert suggestions(lrs[:20], losses[:20], 100) == {}  # too short to be read
