"""Ratings: what batches hold, what prediction needs, what the model is told."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from practicum.datamodules import Ratings
from practicum.datamodules.files import say_once
from practicum.datamodules.tabular.new_rows import read_new_rows
from practicum.lightning_shim import MisconfigurationException

OpenRatings = Callable[..., Ratings]
Rows = list[tuple[Any, ...]]


def first_batch(loader: Any) -> Any:
    return next(iter(loader))[0]


def test_the_last_rating_of_each_user_is_held_out(
    rows: Rows, as_frame: Callable[..., pl.DataFrame], open_ratings: OpenRatings
) -> None:
    rows = [*rows, ("once", "i0", 3, 1)]
    data = open_ratings(as_frame(rows), time="time", split="last_out")
    held_out = data.source_rows("valid")
    assert sorted(held_out["user"].to_list()) == [f"u{n}" for n in range(7)]  # a user's only rating is for training
    for user, time in held_out.select("user", "time").iter_rows():
        assert time == max(each[3] for each in rows if each[0] == user)
    users, items = data.pairs("train")
    assert len(users) == len(items) == len(rows) - 7
    assert int(users.min()) == 0


def test_a_file_without_a_header(tmp_path: Path, rows: Rows, open_ratings: OpenRatings) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("".join(f"{user},{item},{rating}\n" for user, item, rating, _ in rows[:30]), encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=r"begins with 'u0', 'i0', '1'; name yours.*set header="):
        open_ratings(path)
    data = open_ratings(path, header=["user", "item", "rating"])
    assert len(data.source_rows("valid")) == 6
    assert data.describe()["target"]["max"] == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rating": "stars"}, "has no column 'stars'"),
        ({"title": "name"}, "has no column 'name'"),
        ({"negatives": 0}, "Ratings: negatives=0 must be at least 1"),
        ({"scale": (1, 4)}, r"row 5 has the rating 5, outside of scale=\[1,4\]"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str, frame: pl.DataFrame, open_ratings: OpenRatings) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        open_ratings(frame, **options)


@pytest.mark.parametrize("order", [("user", "item"), ("item", "user"), ("time", "item", "user")])
def test_users_come_first_whatever_the_order_of_columns(
    order: tuple[str, ...], frame: pl.DataFrame, open_ratings: OpenRatings
) -> None:
    data = open_ratings(frame.select(*order, pl.exclude(order)), user_side=["time"])
    facts = data.describe()["categories"]
    assert list(facts)[:2] == ["user", "item"]
    users, items = data.pairs("valid")
    held_out = data.source_rows("valid")
    assert [facts["user"][user] for user in users] == held_out["user"].to_list()
    assert [facts["item"][item] for item in items] == held_out["item"].to_list()
    assert data.ratings("valid").tolist() == held_out["rating"].to_list()


def test_a_model_is_told_of_ratings_without_numbers(frame: pl.DataFrame, open_ratings: OpenRatings) -> None:
    assert open_ratings(frame).describe().keys() == {"categories", "target"}
    assert open_ratings(frame, rating=None).describe().keys() == {"categories", "l2"}


def test_a_column_names_the_split(frame: pl.DataFrame, open_ratings: OpenRatings) -> None:
    parts = frame.with_columns(part=pl.when(pl.col("time") > 150).then(pl.lit("valid")).otherwise(pl.lit("train")))
    assert sorted(open_ratings(parts, split_column="part").source_rows("valid")["time"].to_list()) == list(range(151, 160))


def test_rows_without_a_rating_are_left_out(frame: pl.DataFrame, open_ratings: OpenRatings) -> None:
    gap = frame.with_columns(rating=pl.when(pl.col("time") == 103).then(float("nan")).otherwise(pl.col("rating")))
    assert open_ratings(gap).rejected == [("row 4", "its target is missing (blank or a mark such as NA or None)")]


def test_ratings_that_are_told_to_be_missing_are_left_out(frame: pl.DataFrame, open_ratings: OpenRatings, tmp_path: Path) -> None:
    gap = frame.with_columns(rating=pl.when(pl.col("time") == 103).then(-1.0).otherwise(pl.col("rating")))
    gap.write_csv(tmp_path / "ratings.csv")
    for source in (gap, tmp_path / "ratings.csv"):
        assert len(open_ratings(source, csv_format={"na_values": [-1]}).rejected) == 1
        assert not open_ratings(source).rejected
    data = open_ratings(gap, csv_format={"na_values": [-1]})
    told = {"na_values": [-1]}  # as a run's configuration has it
    rows = read_new_rows(gap, data.arrays().steps, told, more_numbers=["rating"]).plain
    assert rows["rating"].null_count() == 1


def test_ids_of_any_kind_and_users_without_a_training_row(
    as_frame: Callable[..., pl.DataFrame], open_ratings: OpenRatings, caplog: pytest.LogCaptureFixture
) -> None:
    big = 9_007_199_254_740_993  # not distinguishable from its neighbour as a float
    ids = [big + number for number in range(6)]
    names = [f"3f2504e0-4f89-11d3-9a0c-0305e82c33{number:02d}" for number in range(10)]
    rows = [(ids[number % 6], names[number // 6], 1 + number % 5, number) for number in range(60)]
    rows += [(big + 99, rows[0][1], 5, 1000)]
    data = open_ratings(as_frame(rows), time="time", split="time", valid_fraction=0.05)
    assert data.describe()["categories"]["user"] == [str(each) for each in ids]
    data.setup("fit")  # as Lightning does once more
    assert caplog.text.count("1 users of the valid split have no training row (such as 9007199254741092)") == 1


def test_a_split_without_training_rows_is_named(as_frame: Callable[..., pl.DataFrame], open_ratings: OpenRatings) -> None:
    rows = [(f"v{n}", f"i{n % 3}", 3, n) for n in range(20)]  # a single rating each
    with pytest.raises(MisconfigurationException, match="no row with a target is left for the valid split"):
        open_ratings(as_frame(rows), time="time", split="last_out")


# Clicks, weights, side columns ----------------------------------------------------------------------------------------


def test_clicks_come_with_sampled_negatives(rows: Rows, as_frame: Callable[..., pl.DataFrame], open_ratings: OpenRatings) -> None:
    data = open_ratings(as_frame([*rows, rows[0]]), rating=None, negatives=2, batch_size=16)
    batch = first_batch(data.train_dataloader())
    assert batch.codes.shape == (16, 2)
    assert batch.weights is None
    assert batch.negatives.shape == batch.log_expected.shape == (16, 2)
    known = set(zip(*(part.tolist() for part in data.pairs("train")), strict=True))
    drawn = {(int(code[0]) - 1, int(item) - 1) for code, row in zip(batch.codes, batch.negatives, strict=True) for item in row}
    assert not known & drawn


def test_clicks_in_one_file_per_split(
    tmp_path: Path, rows: Rows, as_frame: Callable[..., pl.DataFrame], open_ratings: OpenRatings
) -> None:
    for name, part in (("train", rows[:40]), ("valid", rows[40:50]), ("test", rows[50:])):
        as_frame(part).unique(["user", "item"]).write_csv(tmp_path / f"{name}.csv")
    data = open_ratings(tmp_path, rating=None)
    assert {"train", "valid", "test"} <= data.provenance.keys()
    assert data.tests_on == "test"


def test_ratings_from_a_threshold_on_are_clicks(
    tmp_path: Path, rows: Rows, frame: pl.DataFrame, open_ratings: OpenRatings
) -> None:
    data = open_ratings(frame, positive_threshold=4, artifacts_dir=tmp_path)
    assert sum(data.provenance[split] for split in ("train", "valid")) == sum(row[2] >= 4 for row in rows)
    # The other items were seen all the same.
    ids = data.describe()["categories"]
    pairs = pl.read_parquet(tmp_path / "seen.parquet").rows()
    seen = {(ids["user"][user - 1], ids["item"][item - 1]) for user, item in pairs}
    known = set(ids["user"]), set(ids["item"])
    assert seen == {row[:2] for row in rows if row[0] in known[0] and row[1] in known[1]}


def test_weights_reach_the_batch_untouched(tmp_path: Path, frame: pl.DataFrame, open_ratings: OpenRatings) -> None:
    weighted = frame.with_columns(weight=pl.Series([0.1 * (number % 4) for number in range(len(frame))]))
    wanted = {(user, item): weight for user, item, weight in weighted.select("user", "item", "weight").iter_rows()}
    for options in ({}, {"rating": None}):
        data = open_ratings(weighted, weight="weight", batch_size=100, cache=tmp_path / str(len(options)), **options)
        batch = first_batch(data.train_dataloader())
        ids = data.describe()["categories"]
        pairs = [(ids["user"][user - 1], ids["item"][item - 1]) for user, item in batch.codes.tolist()]
        assert torch.equal(batch.weights, torch.tensor([wanted[pair] for pair in pairs], dtype=torch.float32))


def test_side_columns_and_titles(tmp_path: Path, frame: pl.DataFrame, open_ratings: OpenRatings) -> None:
    frame = frame.with_columns(
        job=pl.col("user").replace_strict({f"u{n}": "nurse" if n % 2 else "farmer" for n in range(7)}),
        kind=pl.when(pl.col("item") == "i0").then(pl.lit("war")).otherwise(pl.lit("love")),
        name=pl.lit("Film ") + pl.col("item"),
    )
    data = open_ratings(frame, user_side=["job"], item_side=["kind"], title="name", artifacts_dir=tmp_path / "run")
    facts = data.describe()
    jobs = facts["categories"]["job"]
    assert [jobs[code - 1] for code in facts["sides"]["user"]["job"][1:]] == ["farmer", "nurse"] * 3 + ["farmer"]
    assert facts["sides"]["item"]["kind"][0] == 0
    kept = pl.read_parquet(tmp_path / "run" / "items.parquet")
    assert kept["title"].to_list() == [f"Film {item}" for item in facts["categories"]["item"]]
    assert len(pl.read_parquet(tmp_path / "run" / "seen.parquet")) == len(frame)


# Prediction -----------------------------------------------------------------------------------------------------------


def test_pairs_to_predict_need_users_and_items_only(tmp_path: Path, frame: pl.DataFrame, open_ratings: OpenRatings) -> None:
    frame = frame.with_columns(w=2.0 + pl.col("rating"), job=pl.col("user"))
    pairs = pl.DataFrame({"user": ["u1", "new"], "item": ["i3", "i3"]})
    for options in ({"weight": "w"}, {"rating": None}, {"user_side": ["job"]}):
        data = open_ratings(frame, artifacts_dir=tmp_path, **options)
        new = data.for_prediction(pairs)
        batch, y = next(iter(new.predict_dataloader()))
        assert batch.codes[:, :2].tolist() == [[2, 5], [0, 5]]
        assert not batch.codes[:, 2:].any()  # side columns are unknown
        assert batch.weights is batch.negatives is batch.log_expected is None
        assert y.isnan().all()
        assert new.row_columns() == {"user": ["u1", "new"], "item": ["i3", "i3"]}


def test_time_bins_are_the_same_at_prediction(tmp_path: Path, frame: pl.DataFrame, open_ratings: OpenRatings) -> None:
    data = open_ratings(frame, time="time", time_bin_days=10 / 86400, artifacts_dir=tmp_path)
    assert data.describe()["categories"]["time_bin"] == [str(number) for number in range(10, 16)]
    pair = pl.DataFrame({"user": ["u1"], "item": ["i3"]})
    timed = data.for_prediction(pair.with_columns(time=115))
    assert first_batch(timed.predict_dataloader()).codes.tolist() == [[2, 5, 2]]
    assert first_batch(data.for_prediction(pair).predict_dataloader()).codes.tolist() == [[2, 5, 0]]


def test_dates_that_are_strings_are_ordered_as_dates(tmp_path: Path, frame: pl.DataFrame, open_ratings: OpenRatings) -> None:
    dates = [f"{1 + number % 28:02d}.{1 + number // 28:02d}.2019" for number in range(len(frame))]
    frame = frame.with_columns(time=pl.Series(dates))
    data = open_ratings(frame, time="time", split="time", valid_fraction=0.1, time_bin_days=7, artifacts_dir=tmp_path)
    assert {str(each)[:7] for each in data.source_rows("valid")["time"]} == {"2019-02", "2019-03"}
    new = data.for_prediction(pl.DataFrame({"user": ["u1"], "item": ["i3"], "time": [dates[20]]}))
    code = int(first_batch(new.predict_dataloader()).codes[0, 2])
    week = (datetime.date(2019, 1, 21) - datetime.date(1970, 1, 1)).days // 7
    assert data.describe()["categories"]["time_bin"][code - 1] == str(week)


# Files as people write them -------------------------------------------------------------------------------------------


def write_ratings(path: Path, row: Callable[[int], str], header: str = "user,item,rating") -> Path:
    path.write_text("\n".join([header, *map(row, range(70))]), encoding="utf-8")
    return path


def codes_of(data: Ratings, path: Path, text: str) -> list[list[int]]:
    path.write_text(text, encoding="utf-8")
    return first_batch(data.for_prediction(path).predict_dataloader()).codes.tolist()


def test_users_that_differ_by_zeros_stay_apart(tmp_path: Path, open_ratings: OpenRatings) -> None:
    path = write_ratings(tmp_path / "r.csv", lambda i: f"{('1', '001', '2')[i % 3]},{i // 3},{i % 5}")
    data = open_ratings(path, artifacts_dir=tmp_path / "run")
    assert data.describe()["categories"]["user"] == ["001", "1", "2"]
    assert codes_of(data, tmp_path / "a.csv", "user,item\n1,3\n") == [[2, 4]]  # alone it looks like a number
    assert codes_of(data, tmp_path / "b.csv", "user,item\n001,3\n1.0,3\n") == [[1, 4], [0, 4]]


def test_ids_with_a_point_are_found_without(tmp_path: Path, open_ratings: OpenRatings) -> None:
    path = write_ratings(tmp_path / "r.csv", lambda i: f"{i % 7}.0,{i // 7}.0,{i % 5}")
    data = open_ratings(path, artifacts_dir=tmp_path / "run")
    assert codes_of(data, tmp_path / "a.csv", "user,item\n1,2\n1.0,2.0\n") == [[2, 3], [2, 3]]
    with pytest.raises(MisconfigurationException, match="training had none of these values"):
        codes_of(data, tmp_path / "b.csv", "user,item\nu1,i2\n")


def test_ids_beyond_64_bits_and_missing_ones(tmp_path: Path, open_ratings: OpenRatings, caplog: pytest.LogCaptureFixture) -> None:
    large = 2**64 - 1
    path = write_ratings(tmp_path / "r.csv", lambda i: f"{'' if i == 5 else large - i % 3},{'NA' if i == 9 else i},{i % 5}")
    data = open_ratings(path, artifacts_dir=tmp_path / "run")
    assert data.describe()["categories"]["user"] == [str(large - 2), str(large - 1), str(large)]
    assert data.rejected == [("row 6", "it has no user"), ("row 10", "it has no item")]
    assert codes_of(data, tmp_path / "a.csv", f"user,item\n{large},3\n")[0][0] == 3
    frame = pl.DataFrame(
        {"user": pl.Series([large - i % 3 for i in range(70)], dtype=pl.UInt64), "item": range(70), "rating": [1.0, 2] * 35}
    )
    assert open_ratings(frame).describe()["categories"]["user"] == [str(large - 2), str(large - 1), str(large)]


def test_one_user_is_refused(tmp_path: Path, open_ratings: OpenRatings) -> None:
    with pytest.raises(
        MisconfigurationException, match="all rows have the user 'u1'; a recommender learns how users and items differ"
    ):
        open_ratings(write_ratings(tmp_path / "r.csv", lambda i: f"u1,{i},{i % 5}"))


def test_times_in_milliseconds_make_the_bins_of_seconds(tmp_path: Path, open_ratings: OpenRatings) -> None:
    header, bins = "user,item,rating,time", []
    for scale in (1, 1000):
        times = [(1500000000 + number * 28800) * scale for number in range(70)]
        rows = [f"u{number % 7},{number},{number % 5},{time}" for number, time in enumerate(times)]
        path = write_ratings(tmp_path / f"{scale}.csv", rows.__getitem__, header)
        data = open_ratings(path, time="time", time_bin_days=1, artifacts_dir=tmp_path / f"run{scale}")
        bins.append(data.describe()["categories"]["time_bin"])
    assert bins[0] == bins[1]
    with pytest.raises(MisconfigurationException, match="looks like epoch_s .*, and training had epoch_ms"):
        codes_of(data, tmp_path / "a.csv", "user,item,time\nu1,3,1500000000\n")


def test_what_was_guessed_in_reading_is_said_of_cached_ratings_too(
    tmp_path: Path, rows: Rows, open_ratings: OpenRatings, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [f"{user};{item};{rating},5" for user, item, rating, _ in rows]
    lines[9] = lines[9].replace(",", ".")
    (tmp_path / "t.csv").write_text("\n".join(["user;item;rating", *lines]), encoding="utf-8")
    for _ in range(2):
        caplog.clear()
        say_once._say.cache_clear()  # as in another process
        open_ratings(tmp_path / "t.csv")
        assert caplog.text.count("t.csv, line 11: column 'rating' holds '5.5'") == 1
