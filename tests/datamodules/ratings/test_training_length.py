"""Few ratings: smaller batches and more epochs, so that a training has its steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from practicum.datamodules import Ratings
from practicum.lightning_shim import MisconfigurationException

OpenRatings = Callable[..., Ratings]
Rows = list[tuple[Any, ...]]


def test_few_ratings_are_trained_for_enough_steps(
    as_frame: Callable[..., pl.DataFrame], open_ratings: OpenRatings, rows: Rows
) -> None:
    data = open_ratings(as_frame(rows), batch_size=None)
    assert data.rows_per_batch() == 32
    assert len(next(iter(data.train_dataloader()))[0].codes) == 32
    assert data.suggested_epochs() == 250  # 48 ratings are two batches
    assert open_ratings(as_frame(rows), batch_size=16).suggested_epochs() == 167
    many = [(f"u{n % 500}", f"i{n // 500}", n % 5, n) for n in range(30_000)]
    data = open_ratings(as_frame(many), batch_size=None)
    assert (data.rows_per_batch(), data.suggested_epochs()) == (1024, 25)
    with pytest.raises(MisconfigurationException, match="5 rows with a target are too few: with valid_fraction=0.1 none is left"):
        open_ratings(as_frame(rows[:5]), valid_fraction=0.1)
