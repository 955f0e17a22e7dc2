"""MovieLens: ratings of films, in each of the forms in which GroupLens has published them.

**Source.** Harper & Konstan 2015, "The MovieLens datasets". For research; they may not be passed on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.archive import find, opened
from ..files.download import download
from .ratings import Ratings

Size = Literal["100k", "1m"]
URL = "https://files.grouplens.org/datasets/movielens/ml-{size}.zip"
SHA256 = {
    "100k": "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
    "1m": "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
}
_RATINGS = ("user", "item", "rating", "time")
_FOLDS = ("1", "2", "3", "4", "5", "a", "b")
_BESIDE = {
    "u.data": {"users": "u.user", "items": "u.item"},
    "ratings.dat": {"users": "users.dat", "items": "movies.dat"},
    "ratings.csv": {"items": "movies.csv"},
}
_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
_YEAR = r"\((\d{4})\)\s*$"
USER_SIDE, ITEM_SIDE = ("gender", "age", "occupation"), ("year", "genres")


class MovieLens(Ratings):
    """:class:`.Ratings` of MovieLens 100K (``u.data``), 1M and 10M (``ratings.dat``), 20M, 25M and the latest (``ratings.csv``).

    Args:
        root: The archive or its folder. Default: fetched.
        fold: 100K's own: 1 to 5, ``a`` or ``b``; what ``u<fold>.test`` holds validates. Default: a share, by ``split``.
        within: Leave the fold's test alone, and hold out a share of its training part instead: to choose settings by.
        use_side: Take what is known of users and films along: gender, age, occupation; year and genres. For models that look at
            it.
        size: Of what is fetched.
        net: Folder for it.
        options: Those of :class:`.Ratings`; ``time`` is its own.

    Raises:
        MisconfigurationException: Not such a folder, or no such fold.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        fold: int | str | None = None,
        within: bool = False,
        use_side: bool = False,
        size: Size = "100k",
        net: str | os.PathLike[str] = "data/movielens",
        **options: Any,
    ) -> None:
        if size not in get_args(Size):
            raise MisconfigurationException(f"data.size={size}: choose {', '.join(get_args(Size))}.")
        if fold is not None and str(fold) not in _FOLDS:
            raise MisconfigurationException(f"data.fold={fold}: there are {', '.join(_FOLDS)}.")
        if within and fold is None:
            raise MisconfigurationException("data.within=true holds out a share of a fold's training part; give data.fold too.")
        if fold is not None and not within and (options.get("split", "random") != "random" or options.get("test_fraction")):
            raise MisconfigurationException(
                f"data.fold={fold} is a split already; leave data.split and data.test_fraction alone, or say data.within=true."
            )
        self.is_fetched, self.size, self.net = root is None, size, Path(net)
        self.fold, self.within, self.use_side = None if fold is None else str(fold), within, use_side
        options = {**options, "user_side": USER_SIDE, "item_side": ITEM_SIDE} if use_side else options
        super().__init__(self.net / f"ml-{size}.zip" if root is None else Path(root), time="time", **options)

    own = ("experiment=ratings", "data.root=RATINGS.csv")

    def prepare_data(self) -> None:
        """Fetch it if it is not there yet; then read it."""
        if self.is_fetched and self._new is None:
            download(URL.format(size=self.size), self.root, SHA256[self.size])
        super().prepare_data()

    # Layouts ----------------------------------------------------------------------------------------------------------

    def files(self) -> dict[str, Path]:
        """Those that are read, by what they hold."""
        place = self.root if self.root.is_dir() else opened(self.root, self.net)
        ratings = find(place, tuple(_BESIDE), folder=False)
        if ratings is None:
            held = ", ".join(sorted(each.name for each in place.iterdir())[:8]) or "nothing"
            raise MisconfigurationException(
                f"data.root={self.root}: has no u.data, ratings.dat or ratings.csv (it holds {held}); MovieLens is wanted."
            )
        root, found = ratings.parent, {"ratings": ratings}
        found |= {kind: path for kind, name in _BESIDE[ratings.name].items() if (path := root / name).is_file()}
        if self.fold is None:
            return found
        for part, name in (("train", f"u{self.fold}.base"), ("valid", f"u{self.fold}.test")):
            if not (root / name).is_file():
                raise MisconfigurationException(f"data.root={root}: has no {name}; folds come with MovieLens 100K.")
            found[part] = root / name
        return found

    def read_ratings(self) -> pl.LazyFrame:
        """Ratings, with what is known of users and films where it is wanted."""
        files = self.files()
        if self.fold is None:
            frame = _ratings(files["ratings"])
        elif self.within:
            frame = _ratings(files["train"])
        else:
            parts = [_ratings(files[part]).with_columns(pl.lit(part).alias("__split")) for part in ("train", "valid")]
            frame = pl.concat(parts)
        if self.use_side:
            for kind, key in (("users", "user"), ("items", "item")):
                if kind in files:
                    known = users_of(files[kind]) if kind == "users" else items_of(files[kind]).drop("title")
                    frame = frame.join(known.lazy(), on=key, how="left", maintain_order="left")
                else:  # as of users from 10M on
                    names = USER_SIDE if kind == "users" else ITEM_SIDE
                    frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in names)
        return frame

    def titles(self) -> dict[str, str]:
        """Of films, by id; none where there is no file of them."""
        path = self.files().get("items")
        return {} if path is None else {str(item): title for item, title in items_of(path).select("item", "title").iter_rows()}


def _lines(path: Path, names: tuple[str, ...]) -> pl.LazyFrame:
    """Fields between double colons, as texts."""
    lines = pl.scan_csv(path, separator="\x01", has_header=False, new_columns=["line"], quote_char=None, encoding="utf8-lossy")
    fields = pl.col("line").str.split_exact("::", len(names) - 1).struct.rename_fields(list(names))
    return lines.select(fields.alias("fields")).unnest("fields")


def _ratings(path: Path) -> pl.LazyFrame:
    if path.suffix == ".csv":
        return pl.scan_csv(path).rename({"userId": "user", "movieId": "item", "timestamp": "time"})
    if path.suffix == ".dat":
        user, item, rating, time = (pl.col(name) for name in _RATINGS)
        whole = (user, item, time)
        return _lines(path, _RATINGS).select(rating.cast(pl.Float64), *(each.cast(pl.Int64) for each in whole)).select(_RATINGS)
    return pl.scan_csv(path, separator="\t", has_header=False, new_columns=list(_RATINGS))


def users_of(path: Path) -> pl.DataFrame:
    """``user gender age occupation`` of ``u.user`` or ``users.dat``; ages by decade."""
    if path.suffix == ".dat":
        frame = _lines(path, ("user", "gender", "age", "occupation", "zip")).collect()
    else:
        frame = pl.read_csv(path, separator="|", has_header=False, new_columns=["user", "age", "gender", "occupation", "zip"])
    decade = pl.col("age").cast(pl.Int64) // 10 * 10
    return frame.select(pl.col("user").cast(pl.Int64), "gender", decade.alias("age"), pl.col("occupation").cast(pl.String))


def items_of(path: Path) -> pl.DataFrame:
    """``item title year genres`` of ``u.item``, ``movies.dat`` or ``movies.csv``; genres joined by a bar."""
    if path.suffix == ".csv":
        frame = pl.read_csv(path).rename({"movieId": "item"})
    elif path.suffix == ".dat":
        frame = _lines(path, ("item", "title", "genres")).collect()
    else:
        table = path.read_text(encoding="latin-1").splitlines()
        rows = []
        for line in table:
            item, title, _, _, _, *marks = line.split("|")
            rows.append((item, title, "|".join(name for name, mark in zip(_GENRES, marks, strict=True) if mark == "1")))
        frame = pl.DataFrame(rows, schema=["item", "title", "genres"], orient="row")
    year = pl.col("title").str.extract(_YEAR).cast(pl.Int64).alias("year")
    return frame.select(pl.col("item").cast(pl.Int64), "title", year, "genres")
