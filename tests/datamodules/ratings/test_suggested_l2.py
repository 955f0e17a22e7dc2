"""Fewer clicks are learnt with a stronger penalty, which the model for them takes unless another one is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from practicum.datamodules import Ratings
from practicum.datamodules.ratings.suggested_l2 import suggested_l2
from practicum.modules import DotProductBias, NeuralCollaborativeFilter

OpenRatings = Callable[..., Ratings]


def test_it_falls_with_the_clicks_between_two_bounds() -> None:
    found = [suggested_l2(clicks) for clicks in (1, 6_000, 10_000, 50_000, 100_000, 10**9)]
    assert found == sorted(found, reverse=True)
    assert (found[0], found[-1]) == (0.08, 0.02)
    assert suggested_l2(50_000) == pytest.approx(0.02 * 2**0.5, abs=1e-3)


@pytest.mark.parametrize("kind", [DotProductBias, NeuralCollaborativeFilter])
def test_models_of_clicks_take_it_and_those_of_ratings_do_not(kind: Any, frame: Any, open_ratings: OpenRatings) -> None:
    clicks, ratings = open_ratings(frame, rating=None), open_ratings(frame)
    assert kind.for_data(clicks).l2 == clicks.describe()["l2"] == 0.08
    assert kind.for_data(clicks, l2=0.3).l2 == 0.3
    assert "l2" not in ratings.describe()
    assert kind.for_data(ratings).l2 == 0.1
