"""The catalogue: pairs by code, side columns, and the files that recommending needs."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from practicum.datamodules.ratings.catalogue import Catalogue, memory_in_training, read_titles
from practicum.datamodules.tabular.source_table import SourceTable
from practicum.datamodules.tabular.table_cache import table_arrays
from practicum.datamodules.tabular.table_config import TableConfig

ROWS = pl.DataFrame(
    {
        "user": ["u", "v", "u", "w", "v"],
        "item": ["a", "b", "b", "a", "c"],
        "rating": [1.0, 2.0, 3.0, 4.0, 5.0],
        "job": ["nurse", "farmer", "nurse", "baker", "farmer"],
        "part": ["train", "train", "train", "valid", "valid"],
    }
)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    config = TableConfig("rating", categorical=["user", "item", "job"], infer_roles=False, split_column="part")
    return Catalogue(table_arrays(lambda: SourceTable(ROWS.lazy()), "a", config, tmp_path / "cache", "t"), "user", "item")


def test_pairs_and_their_ratings_without_unknown_ids(catalogue: Catalogue) -> None:
    assert catalogue.items == ["a", "b"]
    assert [part.tolist() for part in catalogue.codes()] == [[1, 2, 1], [1, 2, 2]]  # w and c have no training row
    assert [part.tolist() for part in catalogue.pairs("train")] == [[0, 1, 0], [0, 1, 1]]
    assert catalogue.ratings("train").tolist() == [1, 2, 3]
    assert catalogue.ratings("valid").tolist() == []
    assert catalogue.unknown_users("valid").to_list() == ["w"]
    other = pl.LazyFrame({"user": ["v", "x", "u"], "item": ["a", "a", "b"]})
    assert [part.tolist() for part in catalogue.encode(other)] == [[2, 1], [1, 2]]


def test_side_columns_by_code(catalogue: Catalogue) -> None:
    assert catalogue.side_codes(["job"], []) == {"user": {"job": [0, 2, 1]}}
    assert catalogue.side_codes(["absent"], []) == {}  # as a column with one value in all rows


def test_artifacts(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.write_artifacts(tmp_path, {"a": "Film A"}, unliked=catalogue.encode(pl.LazyFrame({"user": ["v"], "item": ["a"]})))
    assert pl.read_parquet(tmp_path / "seen.parquet").rows() == [(1, 1), (2, 2), (1, 2), (2, 1)]
    assert pl.read_parquet(tmp_path / "items.parquet").rows() == [("a", "Film A", 1), ("b", "b", 2)]
    catalogue.write_artifacts(tmp_path, {})
    assert len(pl.read_parquet(tmp_path / "seen.parquet")) == 3


def test_titles_and_memory(catalogue: Catalogue) -> None:
    frame = pl.LazyFrame({"item": [1, 2, 2], "title": ["A", "old", "new"]})
    assert read_titles(frame, "item", "title")["1"] == "A"
    assert set(read_titles(frame, "item", "title")) == {"1", "2"}
    assert memory_in_training(catalogue.arrays) == 5 * (3 * 4 + 4 + 24)
