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
    rows = [line.split("\t") for line in (movielens_root / "u.data").read_text(encoding="utf-8").splitlines()[:500]]
    million, latest = tmp_path / "ml-1m", tmp_path / "ml-latest"
    million.mkdir()
    (million / "ratings.dat").write_text("".join("::".join(row) + "\n" for row in rows), encoding="utf-8")
    (million / "users.dat").write_text("".join(f"{n}::F::25::7::12345\n" for n in range(1, USERS + 1)), encoding="utf-8")
    (million / "movies.dat").write_bytes(
        "".join(f"{n}::Café {n} (1999)::Drama|War\n" for n in range(1, ITEMS + 1)).encode("latin-1")
    )
    latest.mkdir()
    (latest / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n" + "".join(",".join(row) + "\n" for row in rows), encoding="utf-8"
    )
    (latest / "movies.csv").write_text('movieId,title,genres\n1,"Film, A (1995)",Comedy\n', encoding="utf-8")
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


FILM = "1|Film, A (1995)|01-Jan-1995||http://x|" + "|".join("0" * 19)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("u.item", f"{FILM}\n{FILM}|0\n", r"u\.item, line 2: has 25 fields, but 24 are expected"),
        ("u.item", f"{FILM}\r\n2|Film\r\n", r"u\.item, line 2: has 2 fields"),
        ("u.item", FILM.replace("1|", "one|", 1), r"u\.item: can't be read as a table"),
        ("u.user", "1|24|M|writer|1234\n2|old|M|writer|1234\n", r"u\.user: can't be read as a table"),
        ("movies.csv", "id,title\n1,Film\n", r"movies\.csv: can't be read as a table"),
        ("movies.csv", "movieId,title,genres\nx,Film,Drama\n", r"movies\.csv: can't be read as a table"),
        ("movies.dat", "x::Film::Drama\n", r"movies\.dat: can't be read as a table"),
    ],
)
def test_a_damaged_file_of_films_or_users_is_refused_in_one_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=message) as refused:
        (read_users if "user" in name else read_items)(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_lines_of_windows_and_blank_ones_are_no_films(tmp_path: Path) -> None:
    (tmp_path / "u.item").write_bytes(f"{FILM}\r\n\r\n".encode())
    assert read_items(tmp_path / "u.item").rows() == [(1, "Film, A (1995)", 1995, "")]
