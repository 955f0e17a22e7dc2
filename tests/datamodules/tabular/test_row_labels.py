"""Rows are split in one way, which was asked for or is the default; options of another one are refused."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from practicum.datamodules.tabular.row_labels import row_labels, split_strategy
from practicum.datamodules.tabular.splits import LEFT_OUT
from practicum.datamodules.tabular.table_config import TableConfig
from practicum.lightning_shim import MisconfigurationException

ROWS = 120
FRAME = pl.DataFrame(
    {
        "day": [datetime.date(2020, 1, 1) + datetime.timedelta(days=row) for row in range(ROWS)],
        "customer": [row % 20 for row in range(ROWS)],
        "part": ["train", "test"] * (ROWS // 2),
        "sold": [row / 7 for row in range(ROWS)],
    }
)


def labels_of(is_class: bool = False, frame: pl.DataFrame = FRAME, **options: Any) -> np.ndarray[Any, Any]:
    column: Callable[[str], pl.Series] = frame.get_column
    config = TableConfig(target="sold", **options)
    return row_labels(column, frame["sold"], frame["sold"].is_null(), is_class, config, "t.csv", None)[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"group": "customer", "date": "day"},
            "group=customer and date=day: rows can be split by one of them only; set split=group",
        ),
        ({"group": "customer", "strategy": "random"}, "group=customer and split=random: rows can be split by one"),
        ({"group": "customer", "split_column": "part"}, "group=customer and split_column=part: rows can be split by one"),
        ({"valid_days": 5}, "valid_days=5 needs a split by time; name the column of dates in the option date"),
        ({"holidays": "DE"}, "holidays=DE needs the option date"),
        ({"split_column": "part"}, "no row with a target is of the valid split; the column 'part' must name some"),
        ({"strategy": "time"}, "split=time needs the option date"),
        ({"strategy": "group"}, "split=group needs the option group"),
    ],
)
def test_options_that_would_be_overruled_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        labels_of(**options)


def test_a_group_is_on_one_side_beside_a_date_too() -> None:
    labels = labels_of(group="customer", date="day", strategy="group")
    parts = [set(FRAME["customer"].filter(pl.Series(labels == number))) for number in (0, 1)]
    assert parts[0]
    assert parts[1]
    assert not parts[0] & parts[1]


@pytest.mark.parametrize("seed", range(5))
def test_a_class_without_a_training_row_is_trained_on(seed: int) -> None:
    kinds = pl.Series("sold", ["rare1", "rare2", "rare3", None, *(["a", "b"] * ROWS)][:ROWS])
    labels = labels_of(True, FRAME.with_columns(kinds), seed=seed)
    assert labels[:4].tolist() == [0, 0, 0, LEFT_OUT]
    assert 20 <= (labels == 1).sum() <= 24


def test_the_default_follows_from_what_is_named() -> None:
    named = [{"date": "day"}, {"group": "customer"}, {}, {"date": "day", "strategy": "random"}]
    assert [split_strategy(TableConfig(target="y", **each)) for each in named] == ["time", "group", "random", "random"]  # type: ignore[arg-type]


def test_validation_is_held_out_of_training_where_there_is_no_file_of_it() -> None:
    files = {"split_column": "part", "valid_from_train": True}
    labels = labels_of(**files)
    parts = FRAME["part"].to_numpy()
    assert {number: int((labels == number).sum()) for number in (0, 1, 2)} == {0: 48, 1: 12, 2: 60}
    assert (labels[parts == "test"] == 2).all()
    newest = labels_of(date="day", **files)
    assert np.flatnonzero(newest == 1).min() > np.flatnonzero(newest == 0).max()
    assert (newest[parts == "test"] == 2).all()
    together = labels_of(group="customer", **files)
    sides = [set(FRAME["customer"].filter(pl.Series(together == number))) for number in (0, 1)]
    assert sides[1]
    assert not sides[0] & sides[1]
    config = TableConfig(target="sold", split_column="part", valid_from_train=True)
    said = row_labels(FRAME.get_column, FRAME["sold"], FRAME["sold"].is_null(), False, config, "t", None)[1]
    assert said == "t: has no file for validation (valid.csv); 12 of the 60 training rows are held out for it."
    kinds = pl.Series("sold", [f"rare{row}" if row < 20 and not row % 2 else "a" for row in range(ROWS)])
    known = labels_of(True, FRAME.with_columns(kinds), **files)
    assert (known[:20:2] == 0).all()
    assert (known[parts == "test"] == 2).all()


def test_a_sample_of_training_rows_has_a_row_of_each_class() -> None:
    frame = pl.DataFrame({"sold": ["common"] * 500 + ["rare"] * 4 + ["seldom"] * 4})
    for seed in range(5):
        labels = labels_of(True, frame, train_rows=20, seed=seed)
        drawn = frame["sold"].filter(pl.Series(labels == 0))
        assert len(drawn) == 20
        assert drawn.n_unique() == 3
    with pytest.raises(MisconfigurationException, match="t.csv: train_rows=2 leaves no row for some of the 3 classes"):
        labels_of(True, frame, train_rows=2)


def test_a_share_for_a_test_is_taken_from_training_or_refused() -> None:
    with pytest.raises(MisconfigurationException, match=r"test_fraction=0.2: the files, or the column of splits, say which rows"):
        labels_of(split_column="part", test_fraction=0.2)
    trained = FRAME.with_columns(part=pl.lit("train"))  # as a folder that has train.csv alone, and a test without targets
    labels = labels_of(frame=trained, split_column="part", valid_from_train=True, test_fraction=0.2)
    assert [(labels == number).sum() for number in range(3)] == [72, 24, 24]
    assert not (labels_of(frame=trained, split_column="part", valid_from_train=True) == 2).any()
