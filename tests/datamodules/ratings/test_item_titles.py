"""Titles of items from a second file: which columns are meant, and where the titles are shown."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules import Ratings
from practicum.datamodules.ratings.item_titles import titles_from
from practicum.lightning_shim import MisconfigurationException

ITEMS = [f"i{number}" for number in range(11)]
IDS = ["i0", "i1", "i2", "i3", "i4", "i5", "x"]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, list[Any]]], Path]:
    """Writes a table of items."""

    def make(columns: dict[str, list[Any]]) -> Path:
        path = tmp_path / "movies.csv"
        pl.DataFrame(columns).write_csv(path)
        return path

    return make


NAMES = [f"Film, {each}" for each in IDS]
KINDS = ["a", "b", "a", "b", "a", "b", "a"]


@pytest.mark.parametrize(
    "columns",
    [
        {"item": IDS, "title": NAMES},
        {"title": NAMES, "movieId": IDS, "genre": KINDS},
        {"ID": IDS, "kind": KINDS, "Movie Title": NAMES, "name": KINDS},
        {"code": IDS, "kind": KINDS, "year": range(7), "called": NAMES},
        {"item": IDS, "parent": IDS, "name": NAMES},
    ],
)
def test_ids_are_told_by_the_ratings_and_titles_by_name_or_text(
    columns: dict[str, Any], write: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        titles = titles_from(write({name: list(each) for name, each in columns.items()}), ITEMS, "item", None)
    assert titles == dict(zip(IDS, NAMES, strict=True))
    assert "for 6 of 11 items" in caplog.text


def test_numbers_are_ids_and_the_last_title_counts(write: Callable[..., Path]) -> None:
    path = write({"movie_id": [1, 2, 2, 3], "n": [1, 1, 1, 1], "title": ["A", "old", "new", None], "alt": list("abcd")})
    assert titles_from(path, ["1", "2", "3"], "film", None) == {"1": "A", "2": "new"}
    assert titles_from(path, ["1", "2", "3"], "film", "alt") == {"1": "a", "2": "c", "3": "d"}


@pytest.mark.parametrize(
    ("columns", "title", "named"),
    [
        ({"key": list("abcdefg"), "title": NAMES}, None, r"no column holds the items' ids \(they are like i0, i1, i2, ..."),
        ({"item": list("abcdefg"), "title": NAMES}, None, "its column 'item' holds none of the rated items"),
        ({"one": IDS, "two": IDS, "title": NAMES}, None, "one, two could be the items' ids"),
        (
            {"id": IDS, "first": NAMES, "second": NAMES},
            None,
            r"which column holds the titles .*it has first, second\); say which",
        ),
        ({"id": IDS, "year": list(range(7))}, None, "which column holds the titles"),
        ({"id": IDS, "title": NAMES}, "titel", "has no column 'titel'"),
    ],
)
def test_what_is_not_clear_is_refused(columns: dict[str, Any], title: str | None, named: str, write: Callable[..., Path]) -> None:
    with pytest.raises(MisconfigurationException, match=named):
        titles_from(write(columns), ITEMS, "item", title)


def test_a_missing_file_is_said_before_training(
    frame: pl.DataFrame, open_ratings: Callable[..., Ratings], tmp_path: Path
) -> None:
    with pytest.raises(MisconfigurationException, match=r"items=.*nowhere\.csv: no such file"):
        open_ratings(frame, items=tmp_path / "nowhere.csv", artifacts_dir=tmp_path / "run")


def test_titles_are_beside_what_is_tested_and_predicted(
    frame: pl.DataFrame, open_ratings: Callable[..., Ratings], write: Callable[..., Path], tmp_path: Path
) -> None:
    data = open_ratings(frame, items=write({"id": IDS, "title": NAMES}), artifacts_dir=tmp_path / "run")
    expected = dict(zip(IDS, NAMES, strict=True))
    assert data.titles() == expected
    columns = data.row_columns(data.tests_on)
    assert columns["title"] == [expected.get(item, "") for item in columns["item"]]
    kept = pl.read_parquet(tmp_path / "run" / "items.parquet")
    assert kept.filter(pl.col("item") == "i2")["title"].to_list() == ["Film, i2"]
    (tmp_path / "movies.csv").unlink()  # prediction needs the run's folder only
    new = data.for_prediction(pl.DataFrame({"user": ["u1", "u1"], "item": ["i2", "i9"]})).row_columns()
    assert new == {"user": ["u1", "u1"], "item": ["i2", "i9"], "title": ["Film, i2", ""]}
    assert "title" not in open_ratings(frame).row_columns("valid")
