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
from practicum.datamodules.tabular.categories import CategoricalColumn
from practicum.lightning_shim import MisconfigurationException

ITEMS = CategoricalColumn("String", [f"i{number}" for number in range(11)])
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
    assert titles == dict(zip(IDS[:6], NAMES, strict=False))
    assert "for 6 of 11 items" in caplog.text


def test_numbers_are_ids_and_the_last_title_counts(write: Callable[..., Path]) -> None:
    path = write({"movie_id": [1, 2, 2, 3], "n": [1, 1, 1, 1], "title": ["A", "old", "new", None], "alt": list("abcd")})
    films = CategoricalColumn("Int64", ["1", "2", "3"])
    assert titles_from(path, films, "film", None) == {"1": "A", "2": "new"}
    assert titles_from(path, films, "film", "alt") == {"1": "a", "2": "c", "3": "d"}


@pytest.mark.parametrize(
    ("dtype", "ids", "written", "expected"),
    [
        ("Float64", ["1.0", "2.0", "3.0"], ["1", "2", "3"], ["1.0", "2.0", "3.0"]),  # pandas' floats in the ratings
        ("Int64", ["1", "2", "3"], ["1.0", "2.0", "3.0"], ["1", "2", "3"]),
        ("String", ["001", "002", "03b"], ["001", "002", "03b"], ["001", "002", "03b"]),
        ("String", ["001", "002", "3"], ["1", "2", "3"], ["3"]),  # texts are themselves
    ],
)
def test_ids_are_found_however_they_are_written(
    dtype: str, ids: list[str], written: list[str], expected: list[str], write: Callable[..., Path]
) -> None:
    path = write({"item": written, "title": ["A", "B", "C"]})
    assert [*titles_from(path, CategoricalColumn(dtype, ids), "item", None)] == expected


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
        ({"id": IDS, "title": NAMES}, "id", "title=id is the column of ids"),
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
    expected = dict(zip(IDS[:6], NAMES, strict=False))
    assert data.titles() == expected
    columns = data.row_columns(data.tests_on)
    assert columns["title"] == [expected.get(item, "") for item in columns["item"]]
    kept = pl.read_parquet(tmp_path / "run" / "items.parquet")
    assert kept.filter(pl.col("item") == "i2")["title"].to_list() == ["Film, i2"]
    (tmp_path / "movies.csv").unlink()  # prediction needs the run's folder only
    new = data.for_prediction(pl.DataFrame({"user": ["u1", "u1"], "item": ["i2", "i9"]})).row_columns()
    assert new == {"user": ["u1", "u1"], "item": ["i2", "i9"], "title": ["Film, i2", ""]}
    assert "title" not in open_ratings(frame).row_columns("valid")


def test_titles_are_beside_pairs_whose_ids_are_written_otherwise(
    open_ratings: Callable[..., Ratings], write: Callable[..., Path], tmp_path: Path
) -> None:
    rated = pl.DataFrame({"user": [n % 7 for n in range(70)], "item": [n % 11 for n in range(70)], "rating": [1.0, 2.0] * 35})
    data = open_ratings(rated, items=write({"item": [*range(11)], "title": list("abcdefghijk")}), artifacts_dir=tmp_path / "run")
    for items in ([2.0, None], ["2", "x"], ["2.0", "02"]):
        new = data.for_prediction(pl.DataFrame({"user": [1, 1], "item": items})).row_columns()
        assert new["title"] == ["c", ""]


def test_titles_of_a_column_are_found_where_ids_are_read_as_floats(open_ratings: Callable[..., Ratings]) -> None:
    rows = pl.DataFrame(
        {
            "user": [n % 7 for n in range(70)],
            "item": [float(n % 11) for n in range(70)],
            "rating": [1.0, 2.0] * 35,
            "title": [f"Film {n % 11}" for n in range(70)],
        }
    )
    data = open_ratings(rows, title="title")
    assert data.titles() == {str(n): f"Film {n}" for n in range(11)}
