"""A small table of ratings, and how tests open it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules import Ratings, Tastes

ROWS = [(f"u{number % 7}", f"i{number * 3 % 11}", 1 + number % 5, 100 + number) for number in range(60)]


@pytest.fixture
def rows() -> list[tuple[Any, ...]]:
    """60 ratings: user, item, rating, time."""
    return list(ROWS)


@pytest.fixture
def as_frame() -> Callable[[list[tuple[Any, ...]]], pl.DataFrame]:
    """Makes a frame of such rows."""
    return lambda rows: pl.DataFrame(rows, schema=["user", "item", "rating", "time"], orient="row")


@pytest.fixture
def frame(rows: list[tuple[Any, ...]], as_frame: Callable[..., pl.DataFrame]) -> pl.DataFrame:
    """These ratings as a frame."""
    return as_frame(rows)


@pytest.fixture
def open_ratings(tmp_path: Path) -> Callable[..., Ratings]:
    """Opens ratings; the cache is below the test's own folder unless told otherwise."""

    def make(source: Any, kind: type[Ratings] = Ratings, **options: Any) -> Ratings:
        data = kind(source, **{"cache": tmp_path / "cache", "valid_fraction": 0.2, **options})
        data.prepare_data()
        data.setup("fit")
        return data

    return make


@pytest.fixture(scope="session")
def movielens_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic ratings in MovieLens 100K's files."""
    where = tmp_path_factory.mktemp("tastes")
    data = Tastes(synthetic_dir=where, cache=where / "cache")
    data.prepare_data()
    return Path(data.root)
