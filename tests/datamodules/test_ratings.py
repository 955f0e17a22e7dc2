"""Ratings: folds, layouts of MovieLens, pairs rated twice, the last one held out, and what is refused."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.datamodules import MovieLens, Ratings, Tastes
from practicum.datamodules.drawn.tastes import ITEMS, USERS
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
