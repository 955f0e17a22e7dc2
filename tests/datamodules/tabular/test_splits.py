"""Splits by time never divide a day, splits by group never divide a group."""

from __future__ import annotations

import datetime

import polars as pl
import pytest
from practicum.datamodules.tabular.splits import by_column, group_split, random_split, stratified_split, time_split
from practicum.lightning_shim import MisconfigurationException

FIRST = datetime.date(2020, 1, 1)


def test_the_last_days_validate_and_no_day_is_divided() -> None:
    dates = pl.Series([FIRST + datetime.timedelta(days=i // 3) for i in range(300)]).shuffle(seed=1)
    labels = time_split(dates, 0.1, 0.0, None)
    assert dates.filter(pl.Series(labels == 0)).max() < dates.filter(pl.Series(labels == 1)).min()  # type: ignore[operator]
    assert (labels == 1).sum() == 30
    assert (time_split(dates, 0.1, 0.0, 7) == 1).sum() == 21
    three = time_split(dates, 0.2, 0.1, None)
    assert [(three == label).sum() for label in range(3)] == [210, 60, 30]


def test_rows_without_a_date_are_for_training() -> None:
    dates = pl.Series([None, FIRST, FIRST + datetime.timedelta(days=1), None])
    assert time_split(dates, 0.5, 0.0, None).tolist() == [0, 0, 1, 0]
    assert time_split(pl.Series([None, None], dtype=pl.Date), 0.5, 0.0, None).tolist() == [0, 0]


def test_groups_stay_together() -> None:
    shops = pl.Series([i % 20 for i in range(400)])
    labels = group_split(shops, 0.25, 0.0, seed=1)
    for shop in range(20):
        assert len(set(labels[shops.to_numpy() == shop].tolist())) == 1
    assert (labels == 1).sum() == 100


def test_random_splits_have_their_sizes_and_follow_the_seed() -> None:
    labels = random_split(100, 0.2, 0.1, seed=1)
    assert [(labels == label).sum() for label in range(3)] == [70, 20, 10]
    assert (labels == random_split(100, 0.2, 0.1, seed=1)).all()
    assert (labels != random_split(100, 0.2, 0.1, seed=2)).any()


def test_a_column_names_the_split() -> None:
    assert by_column(pl.Series(["train", "VAL", "validation", "test"]), "t.csv").tolist() == [0, 1, 1, 2]
    with pytest.raises(MisconfigurationException, match=r"t\.csv: column 'part' holds 'dev' in row 2; it must be train"):
        by_column(pl.Series("part", ["train", "dev"]), "t.csv")


def test_the_last_days_of_times_are_whole_days() -> None:
    times = pl.Series([datetime.datetime(2020, 1, 1, 9) + datetime.timedelta(hours=5 * i) for i in range(44)])  # 10 days
    labels = time_split(times, 0.1, 0.0, 3)
    assert set(times.filter(pl.Series(labels == 1)).dt.day()) == {8, 9, 10}
    assert not (times.filter(pl.Series(labels == 0)).dt.day() > 7).any()
    three = time_split(times, 0.1, 0.2, 3)
    assert [int((three == label).sum()) for label in (1, 2)] == [14, 9]


@pytest.mark.parametrize("seed", range(5))
def test_each_class_has_its_share_of_each_split(seed: int) -> None:
    classes = pl.Series(["no"] * 570 + ["yes"] * 24 + ["rare"] * 3 + ["two"] * 2 + ["one"]).shuffle(seed=seed)
    labels = stratified_split(classes, 0.1, 0.1, seed)
    counts = {
        name: [int((labels[(classes == name).to_numpy()] == split).sum()) for split in range(3)] for name in classes.unique()
    }
    assert counts["rare"] == [1, 1, 1]
    assert counts["one"] == [1, 0, 0]
    assert counts["two"][0] >= 1
    assert all(2 <= held_out <= 3 for held_out in counts["yes"][1:])
    assert [(labels == split).sum() for split in range(3)] == [480, 60, 60]


def test_many_small_classes_keep_most_of_their_rows_for_training() -> None:
    classes = pl.Series([f"c{number // 3}" for number in range(1500)])
    labels = stratified_split(classes, 0.1, 0.1, seed=1)
    assert [(labels == split).sum() for split in range(3)] == [1200, 150, 150]
    assert len(set(classes.filter(pl.Series(labels == 0)))) == 500
    assert (labels != stratified_split(classes, 0.1, 0.1, seed=2)).any()


def test_classes_may_be_of_any_type_and_missing() -> None:
    for values in ([1, 2] * 10, [1.5, 2.5] * 10, [True, False] * 10, ["a", None] * 10):
        labels = stratified_split(pl.Series(values), 0.2, 0.1, seed=1)
        assert [(labels[::2] == split).sum() for split in range(3)] == [7, 2, 1]


@pytest.mark.parametrize("rare", [10, 24, 26, 95, 110])
def test_rare_classes_take_no_more_than_their_share(rare: int) -> None:
    classes = pl.Series(["big"] * (1000 - 3 * rare) + [f"r{number // 3}" for number in range(3 * rare)])
    labels = stratified_split(classes, 0.1, 0.1, seed=1)
    assert [(labels == split).sum() for split in range(3)] == [800, 100, 100]
    big = (classes == "big").to_numpy()
    assert (labels[big] == 2).sum() >= 0.7 * 0.1 * big.sum()
    tested = classes.filter(pl.Series(labels == 2)).n_unique()
    assert tested == rare + 1 if rare <= 25 else tested <= rare
