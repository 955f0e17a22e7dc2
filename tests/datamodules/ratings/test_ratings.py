"""Ratings: folds, layouts of MovieLens, pairs rated twice, the last one held out, and what is refused."""

from __future__ import annotations

import datetime
import math
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules import MovieLens, Ratings, Tastes
from practicum.datamodules.synthetic.ratings import ITEMS, USERS
from pytorch_lightning.utilities.exceptions import MisconfigurationException

ROWS = [(f"u{number % 7}", f"i{number * 3 % 11}", 1 + number % 5, 100 + number) for number in range(60)]


def table(rows: list[tuple[Any, ...]] = ROWS) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["user", "item", "rating", "time"], orient="row")


def ready(data: Ratings) -> Ratings:
    data.prepare_data()
    data.setup("fit")
    return data


def test_the_last_rating_of_each_user_is_held_out(tmp_path: Path) -> None:
    rows = [*ROWS, ("once", "i0", 3, 1)]
    data = ready(Ratings(table(rows), time="time", split="last_out", cache=tmp_path))
    held = data.originals("valid")
    assert sorted(held["user"].to_list()) == [f"u{n}" for n in range(7)]  # who rated once is trained on
    for user, time in held.select("user", "time").iter_rows():
        assert time == max(each[3] for each in rows if each[0] == user)
    users, items = data.pairs("train")
    assert len(users) == len(items) == len(rows) - 7
    assert int(users.min()) == 0


def test_by_time_nothing_in_training_is_later_than_validation(tmp_path: Path) -> None:
    data = ready(Ratings(table(), time="time", split="time", valid_fraction=0.25, cache=tmp_path))
    assert sorted(data.originals("valid")["time"].to_list()) == list(range(145, 160))


def test_a_pair_rated_twice(tmp_path: Path) -> None:
    rows = [*ROWS[:40], ("u0", "i0", 5, 1)]  # it has 1 at a later time
    with pytest.raises(MisconfigurationException, match=r"user u0 rates item i0 \d times; say which counts"):
        ready(Ratings(table(rows), cache=tmp_path))
    for twice, wanted in (("last", 1), ("mean", 3)):
        data = Ratings(table([ROWS[0], rows[-1], *ROWS[1:5]]), time="time", twice=twice, cache=tmp_path)
        frame = data.read().collect()
        assert len(frame) == 5
        assert frame.filter((pl.col("user") == "u0") & (pl.col("item") == "i0"))["rating"].to_list() == [wanted]


def test_a_file_without_a_header(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("".join(f"{user},{item},{rating}\n" for user, item, rating, _ in ROWS[:30]))
    with pytest.raises(MisconfigurationException, match=r"begins with 'u0', 'i0', '1'; name yours.*data.header="):
        ready(Ratings(path, cache=tmp_path / "cache"))
    data = ready(Ratings(path, header=["user", "item", "rating"], cache=tmp_path / "cache"))
    assert len(data.originals("valid")) == 6
    assert data.describe()["target"]["max"] == 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "last_out"}, "data.split=last_out wants data.time"),
        ({"twice": "last"}, "data.twice=last wants data.time"),
        ({"twice": "first"}, "choose refuse, last, mean"),
        ({"split": "later"}, "choose random, time, last_out"),
        ({"rating": "stars"}, "has no column 'stars'"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        ready(Ratings(table(), cache=tmp_path, **options))


@pytest.mark.parametrize("order", [("user", "item"), ("item", "user"), ("time", "item", "user")])
def test_users_come_first_whatever_the_order_of_columns(order: tuple[str, ...], tmp_path: Path) -> None:
    frame = table().select(*order, pl.exclude(order))
    data = ready(Ratings(frame, cache=tmp_path, user_side=["time"]))
    facts = data.describe()["categories"]
    assert list(facts)[:2] == ["user", "item"]
    users, items = data.pairs("valid")
    held = data.originals("valid")
    assert [facts["user"][user] for user in users] == held["user"].to_list()
    assert [facts["item"][item] for item in items] == held["item"].to_list()


def test_dates_that_are_texts_are_ordered_as_dates(tmp_path: Path) -> None:
    dates = [f"{1 + number % 28:02d}.{1 + number // 28:02d}.2019" for number in range(len(ROWS))]
    frame = table().with_columns(time=pl.Series(dates))
    data = ready(Ratings(frame, time="time", split="time", valid_fraction=0.1, time_bin_days=7, cache=tmp_path, keep=tmp_path))
    assert {str(each)[:7] for each in data.originals("valid")["time"]} == {"2019-02", "2019-03"}
    data.predict_from(pl.DataFrame({"user": ["u1"], "item": ["i3"], "time": [dates[20]]}))
    code = int(next(iter(data.predict_dataloader()))[0][0][0, 2])
    week = (datetime.date(2019, 1, 21) - datetime.date(1970, 1, 1)).days // 7
    assert data.describe()["categories"]["time_bin"][code - 1] == str(week)


def test_clicks_in_files_of_their_own_and_a_run_with_weights_predicts_without(tmp_path: Path) -> None:
    for name, rows in (("train", ROWS[:40]), ("valid", ROWS[40:50]), ("test", ROWS[50:])):
        table(list(rows)).unique(["user", "item"]).write_csv(tmp_path / f"{name}.csv")
    data = ready(Ratings(tmp_path, rating=None, cache=tmp_path / "cache"))
    assert {"train", "valid", "test"} <= data.provenance.keys()
    weighted = ready(Ratings(table().with_columns(w=2.0 + pl.col("rating")), weight="w", cache=tmp_path / "w", keep=tmp_path))
    weighted.predict_from(pl.DataFrame({"user": ["u1"], "item": ["i3"]}))
    assert next(iter(weighted.predict_dataloader()))[0][0].tolist() == [[2, 5]]


def test_a_split_of_its_own_takes_no_second_one(tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match="data.test_fraction=0.1 is for data.split=random"):
        Ratings(table(), time="time", split="last_out", test_fraction=0.1)
    with pytest.raises(MisconfigurationException, match="data.fold=1 is a split already"):
        MovieLens(tmp_path, fold=1, split="time")


# Clicks, weights, what is known besides -------------------------------------------------------------------------------


def test_clicks_come_with_items_that_were_not_clicked_on(tmp_path: Path) -> None:
    data = ready(Ratings(table([*ROWS, ROWS[0]]), rating=None, negatives=2, cache=tmp_path, batch_size=16))
    assert "target" not in data.describe()
    (codes, numbers, items, expected), _ = next(iter(data.train_dataloader()))
    assert codes.shape == (16, 2)
    assert numbers.shape == (16, 0)
    assert items.shape == expected.shape == (16, 2)
    known = set(zip(*(part.tolist() for part in data.pairs("train")), strict=True))
    assert not known & {(int(code[0]) - 1, int(item) - 1) for code, row in zip(codes, items, strict=True) for item in row}


def test_ratings_from_a_threshold_on_are_clicks(tmp_path: Path) -> None:
    data = ready(Ratings(table(), liked_from=4, cache=tmp_path / "cache", valid_fraction=0.2, keep=tmp_path))
    assert sum(data.provenance[split] for split in ("train", "valid")) == sum(row[2] >= 4 for row in ROWS)
    # What was not liked was seen all the same.
    levels = data.describe()["categories"]
    seen = {
        (levels["user"][user - 1], levels["item"][item - 1]) for user, item in pl.read_parquet(tmp_path / "seen.parquet").rows()
    }
    known = set(levels["user"]), set(levels["item"])
    assert seen == {row[:2] for row in ROWS if row[0] in known[0] and row[1] in known[1]}


def test_weights_reach_the_batch_as_they_are(tmp_path: Path) -> None:
    frame = table().with_columns(weight=pl.Series([float(number % 4) for number in range(len(ROWS))]))
    data = ready(Ratings(frame, weight="weight", cache=tmp_path, batch_size=100))
    (codes, weights), _ = next(iter(data.train_dataloader()))
    levels = data.describe()["categories"]
    wanted = {(user, item): weight for user, item, weight in frame.select("user", "item", "weight").iter_rows()}
    for (user, item), (weight,) in zip(codes.tolist(), weights.tolist(), strict=True):
        assert weight == pytest.approx(wanted[levels["user"][user - 1], levels["item"][item - 1]], abs=1e-5)
    for name, weight, message in (("zero", 0.0, "is 0 in all rows"), ("less", -1.0, "is below 0 somewhere")):
        with pytest.raises(MisconfigurationException, match=f"weight {message}"):
            ready(Ratings(frame.with_columns(weight=weight), weight="weight", cache=tmp_path / name))


def test_side_columns_are_told_by_user_and_item(tmp_path: Path) -> None:
    frame = table().with_columns(
        job=pl.col("user").replace_strict({f"u{n}": "nurse" if n % 2 else "farmer" for n in range(7)}),
        kind=pl.when(pl.col("item") == "i0").then(pl.lit("war")).otherwise(pl.lit("love")),
        name=pl.lit("Film ") + pl.col("item"),
    )
    data = ready(Ratings(frame, user_side=["job"], item_side=["kind"], title="name", cache=tmp_path, keep=tmp_path / "run"))
    facts = data.describe()
    jobs = facts["categories"]["job"]
    assert [jobs[code - 1] for code in facts["sides"]["user"]["job"][1:]] == ["farmer", "nurse"] * 3 + ["farmer"]
    assert facts["sides"]["item"]["kind"][0] == 0
    kept = pl.read_parquet(tmp_path / "run" / "items.parquet")
    assert kept["title"].to_list() == [f"Film {item}" for item in facts["categories"]["item"]]
    assert len(pl.read_parquet(tmp_path / "run" / "seen.parquet")) == len(ROWS)


def test_time_bins_are_the_same_at_prediction(tmp_path: Path) -> None:
    data = ready(Ratings(table(), time="time", time_bin_days=10 / 86400, cache=tmp_path, keep=tmp_path / "run"))
    assert data.describe()["categories"]["time_bin"] == [str(number) for number in range(10, 16)]
    data.predict_from(pl.DataFrame({"user": ["u1"], "item": ["i3"], "time": [115]}))
    (codes, _), _ = next(iter(data.predict_dataloader()))
    assert codes.tolist() == [[2, 5, 2]]
    data.predict_from(pl.DataFrame({"user": ["u1"], "item": ["i3"]}))
    assert next(iter(data.predict_dataloader()))[0][0].tolist() == [[2, 5, 0]]


def test_what_cannot_be_is_named(tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=r"row 5 has the rating 5, outside of data.scale=\[1,4\]"):
        ready(Ratings(table(), scale=(1, 4), cache=tmp_path))
    with pytest.raises(MisconfigurationException, match="no row with a target is left for the valid split"):
        ready(Ratings(table([(f"v{n}", f"i{n % 3}", 3, n) for n in range(20)]), time="time", split="last_out", cache=tmp_path))
    frame = table().with_columns(rating=pl.when(pl.col("time") == 103).then(float("nan")).otherwise(pl.col("rating")))
    data = ready(Ratings(frame, cache=tmp_path))
    assert data.rejected == [("row 4", "its target is missing (nan)")]


def test_ids_of_any_kind_and_users_without_training(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    big = 9_007_199_254_740_993  # not to be told from its neighbour as a decimal number
    ids = [big + number for number in range(6)]
    names = [f"3f2504e0-4f89-11d3-9a0c-0305e82c33{number:02d}" for number in range(10)]
    rows = [(ids[number % 6], names[number // 6], 1 + number % 5, number) for number in range(60)]
    rows += [(big + 99, rows[0][1], 5, 1000)]
    data = ready(Ratings(table(rows), time="time", split="time", valid_fraction=0.05, cache=tmp_path))
    assert data.describe()["categories"]["user"] == [str(each) for each in ids]
    assert "1 users of the valid split have no training row (such as 9007199254741092)" in caplog.text


# MovieLens ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tastes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn tastes, in MovieLens 100K's files."""
    where = tmp_path_factory.mktemp("tastes")
    data = Tastes(drawn=where, cache=where / "cache", fold=1)
    data.prepare_data()
    return Path(data.root)


def test_folds_are_the_files_own(tastes: Path, tmp_path: Path) -> None:
    data = ready(MovieLens(tastes, fold=1, cache=tmp_path))
    held = (tastes / "u1.test").read_text().splitlines()
    assert len(data.originals("valid")) == len(held)
    assert [str(each) for each in data.originals("valid").row(0)[:2]] == held[0].split("\t")[:2]
    within = ready(MovieLens(tastes, fold=1, within=True, cache=tmp_path))
    asked = {tuple(line.split("\t")[:2]) for line in held}
    kept = within.originals("valid").select(pl.col("user", "item").cast(pl.String)).iter_rows()
    assert not asked & set(kept)  # the test is left alone
    with pytest.raises(MisconfigurationException, match="has no u2.base; folds come with MovieLens 100K"):
        ready(MovieLens(tastes, fold=2, cache=tmp_path))


def test_what_is_known_of_users_and_films_comes_along(tastes: Path, tmp_path: Path) -> None:
    data = ready(MovieLens(tastes, fold=1, use_side=True, cache=tmp_path))
    levels = data.describe()["categories"]
    assert list(levels) == ["user", "item", "gender", "age", "occupation", "year", "genres"]
    assert levels["gender"] == ["F", "M"]
    assert levels["age"] == ["10", "20", "30", "40", "50", "60"]
    assert data.titles()["1"] == "Quiet River 1 (1960)"


def test_every_layout_gives_the_same_ratings(tastes: Path, tmp_path: Path) -> None:
    rows = [line.split("\t") for line in (tastes / "u.data").read_text().splitlines()[:500]]
    million, latest = tmp_path / "ml-1m", tmp_path / "ml-latest"
    million.mkdir()
    (million / "ratings.dat").write_text("".join("::".join(row) + "\n" for row in rows))
    (million / "users.dat").write_text("".join(f"{n}::F::25::7::12345\n" for n in range(1, USERS + 1)))
    (million / "movies.dat").write_bytes(
        "".join(f"{n}::Café {n} (1999)::Drama|War\n" for n in range(1, ITEMS + 1)).encode("latin-1")
    )
    latest.mkdir()
    (latest / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + "".join(",".join(row) + "\n" for row in rows))
    (latest / "movies.csv").write_text('movieId,title,genres\n1,"Film, A (1995)",Comedy\n')
    with zipfile.ZipFile(tmp_path / "ml-latest.zip", "w") as archive:
        for path in latest.iterdir():
            archive.write(path, f"ml-latest/{path.name}")
    whole = [tuple(row) for row in ((int(u), int(i), float(r), int(t)) for u, i, r, t in rows)]
    for root in (million, latest, tmp_path / "ml-latest.zip"):
        data = MovieLens(root, cache=tmp_path / "cache", net=tmp_path / "net")
        found = data.read().select("user", "item", pl.col("rating").cast(pl.Float64), "time").collect().rows()
        assert found == whole
    side = MovieLens(million, use_side=True, cache=tmp_path / "cache").read().collect()
    assert set(side["genres"]) == {"Drama|War"}
    assert set(side["age"]) == {20}


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(MisconfigurationException, match=r"has no u.data, ratings.dat or ratings.csv \(it holds notes.txt\)"):
        ready(MovieLens(tmp_path, cache=tmp_path / "cache"))
    with pytest.raises(MisconfigurationException, match="data.fold=6: there are 1, 2"):
        MovieLens(tmp_path, fold=6)


def test_the_best_error_is_that_of_the_noise(tmp_path: Path) -> None:
    data = Tastes(drawn=tmp_path, cache=tmp_path / "cache", fold=1)
    data.prepare_data()
    known = data.known_answer["rmse"]
    assert math.isclose(known, 0.5, rel_tol=0.03)
    assert not Tastes(drawn=tmp_path, fold=1, within=True).known_answer
