"""The files of MovieLens 100K (``u.data``), 1M and 10M (``ratings.dat``), 20M, 25M and the latest (``ratings.csv``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.archive import find_shallowest
from ..tabular.readers import POLARS_ERRORS, unreadable

USER_SIDE, ITEM_SIDE = ("gender", "age", "occupation"), ("year", "genres")
_RATINGS = ("user", "item", "rating", "time")
_COMPANIONS = {
    "u.data": {"users": "u.user", "items": "u.item"},
    "ratings.dat": {"users": "users.dat", "items": "movies.dat"},
    "ratings.csv": {"items": "movies.csv"},
}
_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
_YEAR = r"\((\d{4})\)\s*$"


def find_files(place: Path, fold: str | None) -> dict[str, Path]:
    """Find MovieLens's files in a folder.

    Args:
        place: The folder, or one that holds it.
        fold: A fold of MovieLens 100K; ``None``: all ratings.

    Returns:
        ``ratings``, if they exist ``users`` and ``items``, and of a fold ``train`` and ``valid``.

    Raises:
        MisconfigurationException: There are no ratings, or not such a fold.
    """
    ratings = find_shallowest(place, tuple(_COMPANIONS), folder=False)
    if ratings is None:
        held = ", ".join(sorted(each.name for each in place.iterdir())[:8]) or "nothing"
        raise MisconfigurationException(f"{place}: has no u.data, ratings.dat or ratings.csv of MovieLens (it holds {held}).")
    folder, found = ratings.parent, {"ratings": ratings}
    found |= {kind: path for kind, name in _COMPANIONS[ratings.name].items() if (path := folder / name).is_file()}
    if fold is not None:
        for part, name in (("train", f"u{fold}.base"), ("valid", f"u{fold}.test")):
            if not (folder / name).is_file():
                raise MisconfigurationException(f"{folder}: has no {name}; folds come with MovieLens 100K.")
            found[part] = folder / name
    return found


def read_ratings(path: Path) -> pl.LazyFrame:
    """Read ``user item rating time`` from any of the files of ratings."""
    if path.suffix == ".csv":
        return pl.scan_csv(path).rename({"userId": "user", "movieId": "item", "timestamp": "time"})
    if path.suffix == ".dat":
        user, item, rating, time = (pl.col(name) for name in _RATINGS)
        integers = [each.cast(pl.Int64) for each in (user, item, time)]
        return _read_double_colons(path, _RATINGS).select(rating.cast(pl.Float64), *integers).select(_RATINGS)
    return pl.scan_csv(path, separator="\t", has_header=False, new_columns=list(_RATINGS))


def read_users(path: Path) -> pl.DataFrame:
    """Read ``user gender age occupation`` from ``u.user`` or ``users.dat``; ages are rounded down to decades.

    Raises:
        MisconfigurationException: The file is damaged.
    """
    with _one_sentence(path):
        return _read_users(path)


def _read_users(path: Path) -> pl.DataFrame:
    if path.suffix == ".dat":
        frame = _read_double_colons(path, ("user", "gender", "age", "occupation", "zip")).collect()
    else:
        frame = pl.read_csv(path, separator="|", has_header=False, new_columns=["user", "age", "gender", "occupation", "zip"])
    decade = pl.col("age").cast(pl.Int64) // 10 * 10
    return frame.select(pl.col("user").cast(pl.Int64), "gender", decade.alias("age"), pl.col("occupation").cast(pl.String))


def read_items(path: Path) -> pl.DataFrame:
    """Read ``item title year genres`` from ``u.item``, ``movies.dat`` or ``movies.csv``; genres are joined by ``|``.

    Raises:
        MisconfigurationException: The file is damaged.
    """
    with _one_sentence(path):
        return _read_items(path)


def _read_items(path: Path) -> pl.DataFrame:
    if path.suffix == ".csv":
        frame = pl.read_csv(path).rename({"movieId": "item"})
    elif path.suffix == ".dat":
        frame = _read_double_colons(path, ("item", "title", "genres")).collect()
    else:
        rows = []
        for number, line in enumerate(path.read_text(encoding="latin-1").split("\n"), 1):
            if not line.strip():
                continue
            fields = line.rstrip("\r").split("|")
            flags = fields[5:]
            if len(flags) != len(_GENRES):
                raise MisconfigurationException(
                    f"{path}, line {number}: has {len(fields)} fields, but {5 + len(_GENRES)} are expected; download it again."
                )
            rows.append((fields[0], fields[1], "|".join(name for name, flag in zip(_GENRES, flags, strict=True) if flag == "1")))
        frame = pl.DataFrame(rows, schema=["item", "title", "genres"], orient="row")
    year = pl.col("title").str.extract(_YEAR).cast(pl.Int64).alias("year")
    return frame.select(pl.col("item").cast(pl.Int64), "title", year, "genres")


def join_sides(ratings: pl.LazyFrame, files: dict[str, Path]) -> pl.LazyFrame:
    """Add :data:`USER_SIDE` and :data:`ITEM_SIDE` to ratings; null if there is no such file, as of users from 10M on."""
    for kind, key in (("users", "user"), ("items", "item")):
        if kind in files:
            side = read_users(files[kind]) if kind == "users" else read_items(files[kind]).drop("title")
            ratings = ratings.join(side.lazy(), on=key, how="left", maintain_order="left")
        else:
            names = USER_SIDE if kind == "users" else ITEM_SIDE
            ratings = ratings.with_columns(pl.lit(None, pl.String).alias(name) for name in names)
    return ratings


@contextmanager
def _one_sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except (*POLARS_ERRORS, OSError) as error:
        raise unreadable(path, error) from error


def _read_double_colons(path: Path, names: tuple[str, ...]) -> pl.LazyFrame:
    """Fields separated by ``::``, as strings."""
    lines = pl.scan_csv(path, separator="\x01", has_header=False, new_columns=["line"], quote_char=None, encoding="utf8-lossy")
    fields = pl.col("line").str.split_exact("::", len(names) - 1).struct.rename_fields(list(names))
    return lines.select(fields.alias("fields")).unnest("fields")
