"""MovieLens: folds, side features, titles, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules import MovieLens, Ratings
from practicum.lightning_shim import MisconfigurationException

OpenRatings = Callable[..., Ratings]


def test_folds_are_the_files_own(movielens_root: Path, open_ratings: OpenRatings) -> None:
    data = open_ratings(movielens_root, MovieLens, fold=1, scale=None)
    held_out = (movielens_root / "u1.test").read_text(encoding="utf-8").splitlines()
    assert len(data.source_rows("valid")) == len(held_out)
    assert [str(each) for each in data.source_rows("valid").row(0)[:2]] == held_out[0].split("\t")[:2]
    inner = open_ratings(movielens_root, MovieLens, fold=1, inner_split=True, scale=None)
    tested = {tuple(line.split("\t")[:2]) for line in held_out}
    used = inner.source_rows("valid").select(pl.col("user", "item").cast(pl.String)).iter_rows()
    assert not tested & set(used)
    with pytest.raises(MisconfigurationException, match="has no u2.base; folds come with MovieLens 100K"):
        open_ratings(movielens_root, MovieLens, fold=2)


def test_side_features_and_titles(movielens_root: Path, open_ratings: OpenRatings) -> None:
    data = open_ratings(movielens_root, MovieLens, fold=1, side_features=True, scale=None)
    categories = data.describe()["categories"]
    assert list(categories) == ["user", "item", "gender", "age", "occupation", "year", "genres"]
    assert categories["gender"] == ["F", "M"]
    assert categories["age"] == ["10", "20", "30", "40", "50", "60"]
    assert data.titles()["1"] == "Quiet River 1 (1960)"
    assert data.provenance["source"] == str(movielens_root)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fold": 6}, "MovieLens: fold=6 must be one of 1, 2"),
        ({"fold": 1, "split": "time"}, "MovieLens: fold=1 is a split already"),
        ({"fold": 1, "test_fraction": 0.1}, "MovieLens: fold=1 is a split already"),
        ({"inner_split": True}, "MovieLens: inner_split=True divides a fold's training part; set the option fold too"),
        ({"size": "20m"}, "MovieLens: size=20m must be one of 100k, 1m"),
    ],
)
def test_contradictions_are_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        MovieLens(tmp_path, **options)


def test_ratings_outside_of_the_scale_are_refused(movielens_root: Path, open_ratings: OpenRatings) -> None:
    with pytest.raises(MisconfigurationException, match=r"outside of scale=\[0.5,5\]"):
        open_ratings(movielens_root, MovieLens)
