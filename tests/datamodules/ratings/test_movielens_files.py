"""MovieLens's layouts: each gives the same ratings."""

from __future__ import annotations

import zipfile
from pathlib import Path

import polars as pl
import pytest
from practicum.datamodules import MovieLens
from practicum.datamodules.ratings.movielens_files import find_files, join_sides, read_items, read_ratings, read_users
from practicum.datamodules.synthetic.ratings import ITEMS, USERS
from practicum.lightning_shim import MisconfigurationException


def test_every_layout_gives_the_same_ratings(movielens_root: Path, tmp_path: Path) -> None:
    rows = [line.split("\t") for line in (movielens_root / "u.data").read_text().splitlines()[:500]]
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
    wanted = [tuple(row) for row in ((int(u), int(i), float(r), int(t)) for u, i, r, t in rows)]
    for root in (million, latest, tmp_path / "ml-latest.zip"):
        data = MovieLens(root, cache=tmp_path / "cache", download_dir=tmp_path / "downloads", scale=None)
        found = data.read().select("user", "item", pl.col("rating").cast(pl.Float64), "time").collect().rows()
        assert found == wanted
    files = find_files(million, fold=None)
    side = join_sides(read_ratings(files["ratings"]), files).collect()
    assert set(side["genres"]) == {"Drama|War"}
    assert set(side["age"]) == {20}
    files = find_files(latest, fold=None)
    side = join_sides(read_ratings(files["ratings"]), files).collect()
    assert side["gender"].null_count() == len(side)  # there is no file of users
    assert read_items(files["items"]).rows() == [(1, "Film, A (1995)", 1995, "Comedy")]


def test_users_and_items_of_100k(movielens_root: Path) -> None:
    files = find_files(movielens_root, fold="1")
    assert {"ratings", "users", "items", "train", "valid"} == set(files)
    users, items = read_users(files["users"]), read_items(files["items"])
    assert users.columns == ["user", "gender", "age", "occupation"]
    assert users.row(0) == (1, "M", 10, "writer")
    assert items.row(0)[:3] == (1, "Quiet River 1 (1960)", 1960)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(
        MisconfigurationException, match=r"has no u.data, ratings.dat or ratings.csv of MovieLens \(it holds notes.txt\)"
    ):
        find_files(tmp_path, fold=None)
