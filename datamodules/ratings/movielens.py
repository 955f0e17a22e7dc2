"""MovieLens: ratings of films, in every form in which GroupLens has published them.

**Source.** Harper & Konstan 2015, "The MovieLens datasets". For research; they may not be redistributed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.archive import extract_once
from ..loading.source import Download, local_or
from ..tabular.source_table import SPLIT_COLUMN, SourceTable
from .movielens_files import ITEM_SIDE, USER_SIDE, find_files, join_sides, read_items, read_ratings
from .ratings import Ratings

Size = Literal["100k", "1m"]
URL = "https://files.grouplens.org/datasets/movielens/ml-{size}.zip"
SHA256 = {
    "100k": "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
    "1m": "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
}
_FOLDS = ("1", "2", "3", "4", "5", "a", "b")


class MovieLens(Ratings):
    r""":class:`.Ratings` of MovieLens 100K (``u.data``), 1M and 10M (``ratings.dat``), 20M, 25M and the latest (``ratings.csv``).

    Args:
        root: The archive or its folder. Default: it is downloaded.
        fold: Fold of MovieLens 100K: 1 to 5, ``a`` or ``b``; ``u<fold>.test`` validates. Default: a fraction, by ``split``.
        inner_split: Leave out the fold's test and hold out a fraction of its training part instead, to choose settings by.
        side_features: Add gender, age and occupation of users, year and genres of films, for models that use them.
        size: Which one to download.
        download_dir: Folder for downloads and extracted archives.
        scale: Least and greatest rating.
        options: Those of :class:`.Ratings`; ``time`` is set.

    Raises:
        MisconfigurationException: The folder has no ratings of MovieLens, or not such a fold.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from practicum.datamodules import MovieLens
        >>> root = Path(tempfile.mkdtemp())
        >>> rows = [f"{n % 7 + 1}\t{n % 11 + 1}\t{n % 5 + 1}\t{n}" for n in range(70)]
        >>> _ = (root / "u.data").write_text("\n".join(rows))
        >>> data = MovieLens(root, split="last_out", cache=tempfile.mkdtemp())
        >>> data.setup("fit")
        >>> data.provenance["train"], data.provenance["valid"]
        (63, 7)
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        fold: int | str | None = None,
        inner_split: bool = False,
        side_features: bool = False,
        size: Size = "100k",
        download_dir: str | os.PathLike[str] = "data/movielens",
        scale: Sequence[float] | None = (0.5, 5),
        **options: Any,
    ) -> None:
        owner = type(self).__name__
        if size not in get_args(Size):
            raise MisconfigurationException(f"{owner}: size={size} must be one of {', '.join(get_args(Size))}.")
        if fold is not None and str(fold) not in _FOLDS:
            raise MisconfigurationException(f"{owner}: fold={fold} must be one of {', '.join(_FOLDS)}.")
        if inner_split and fold is None:
            raise MisconfigurationException(f"{owner}: inner_split=True divides a fold's training part; set the option fold too.")
        if fold is not None and not inner_split and (options.get("split", "random") != "random" or options.get("test_fraction")):
            raise MisconfigurationException(
                f"{owner}: fold={fold} is a split already; leave out split and test_fraction, or set inner_split=True."
            )
        if inner_split and options.get("test_fraction") is None:
            options["test_fraction"] = 0.0  # settings are chosen by it: the fold's own test comes later
        self.source = local_or(root, Download(URL.format(size=size), SHA256[size], Path(download_dir)))
        sides = {"user_side": USER_SIDE, "item_side": ITEM_SIDE} if side_features else {}
        super().__init__(self.source.path, time="time", scale=scale, **{**options, **sides})
        self.download_dir, self.fold = Path(download_dir), None if fold is None else str(fold)
        self.inner_split, self.side_features = inner_split, side_features

    def prepare_data(self) -> None:
        """Download the archive unless it is there, and build the arrays."""
        self.source.prepare()
        super().prepare_data()

    def files(self) -> dict[str, Path]:
        """The files that are read, by what they hold; an archive is extracted first."""
        path = self.source.path
        return find_files(path if path.is_dir() else extract_once(path, self.download_dir), self.fold)

    @property
    def splits_by_file(self) -> bool:
        """Whether a fold says which rows validate."""
        return self.fold is not None and not self.inner_split

    def read_source(self) -> SourceTable:
        """All rows as they are, with side features if these are wanted."""
        files = self.files()
        if self.fold is None:
            frame = read_ratings(files["ratings"])
        elif self.inner_split:
            frame = read_ratings(files["train"])
        else:
            splits = ("train", "valid")
            frame = pl.concat([read_ratings(files[each]).with_columns(pl.lit(each).alias(SPLIT_COLUMN)) for each in splits])
        return SourceTable(join_sides(frame, files) if self.side_features else frame)

    def titles(self) -> dict[str, str]:
        """Titles of films by id; empty if there is no file of them. ``items`` names another one."""
        if self.items is not None:
            return super().titles()
        path = self.files().get("items")
        return {} if path is None else {str(item): title for item, title in read_items(path).select("item", "title").iter_rows()}

    @property
    def provenance(self) -> dict[str, Any]:
        """As :class:`.Ratings`'s; the source says whether the ratings are synthetic."""
        return {**super().provenance, "source": str(self.source)}
