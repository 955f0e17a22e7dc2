"""Titles of items from a second file: ids and titles, such as ``movies.csv`` beside ``ratings.csv``.

Which column holds the ids is told by the ids themselves: the one that is called as in the ratings, else the only one in which
most of the rated items occur. Which holds the titles is told by its name, else it is the only other column of text that hardly
repeats. What was found is said; what is not clear is refused.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import listed, quoted
from ..tabular.categories import CategoricalColumn
from ..tabular.new_rows import columns_beside
from ..tabular.readers import require_columns
from ..tabular.source_table import read_one
from .catalogue import read_titles
from .ids import id_rows, normalize_ids
from .ratings_config import RatingsConfig
from .training_length import RatingsLength

log = logging.getLogger(__name__)

_TITLES = ("title", "name", "label")  # alone, or after the items' own word: movie_title, product name
# Share of the rated items that a column of ids holds, and of the rows whose title is their own.
_MOST, _DISTINCT = 0.5, 0.9


def titles_from(path: Path, column: CategoricalColumn, item: str, title: str | None) -> dict[str, str]:
    r"""Titles of items by id, the last one of each; ids as the ratings have them, see :mod:`.ids`.

    Args:
        path: A table of text or a Parquet file.
        column: Ids of the rated items, as they were read.
        item: Their column in the ratings.
        title: The file's column of titles; ``None``: it is found.

    Raises:
        MisconfigurationException: The file can't be read, or it is not clear which of its columns holds ids or titles.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from practicum.datamodules.ratings.item_titles import titles_from
        >>> from practicum.datamodules.tabular.categories import CategoricalColumn
        >>> path = Path(tempfile.mkdtemp()) / "movies.csv"
        >>> _ = path.write_text("movieId,title,year\n1,Quiet River,1960\n2,Loud Lake,1961\n", encoding="utf-8")
        >>> titles_from(path, CategoricalColumn("Int64", ["1", "2", "9"]), "item", None)
        {'1': 'Quiet River', '2': 'Loud Lake'}
    """
    if not path.is_file():
        raise MisconfigurationException(f"items={path}: no such file; give a table of the items' ids and titles.")
    table = read_one(path).frame.collect()
    ids = _id_column(table, column, item, path)
    names = _title_column(table, ids, title, path)
    texts = table[names].cast(pl.String).str.strip_chars().to_list()
    pairs = zip(normalize_ids(table[ids], column), texts, strict=True)
    titles = {each: name for each, name in pairs if each is not None and name is not None}
    titles = {each: name for each, name in titles.items() if name}
    count = len(column.categories)
    log.info(f"{path}: titles are in column {quoted(names)}, by {quoted(ids)}: for {len(titles):,} of {count:,} items.")
    return titles


def _id_column(table: pl.DataFrame, column: CategoricalColumn, item: str, path: Path) -> str:
    """The column of ids.

    Raises:
        MisconfigurationException: None or several could be it.
    """
    items = column.categories
    shares = {name: len({*id_rows(table[name], column)} - {-1}) / max(1, len(items)) for name in table.columns}
    found = [name for name, share in shares.items() if share >= _MOST]
    if item in shares and (item in found or not found):
        found = [item]
        if not shares[item]:
            raise MisconfigurationException(
                f"{path}: its column {quoted(item)} holds none of the rated items (they are like {listed(items, 3)})."
            )
    if len(found) == 1:
        return found[0]
    said = f"{listed(found)} could be" if found else "no column holds"
    raise MisconfigurationException(
        f"{path}: {said} the items' ids (they are like {listed(items, 3)}; its columns are {listed(table.columns)}); call the "
        f"column of ids {quoted(item)}, as in the ratings."
    )


def _title_column(table: pl.DataFrame, ids: str, title: str | None, path: Path) -> str:
    """The column of titles.

    Raises:
        MisconfigurationException: It is missing, or none or several could be it.
    """
    if title is not None:
        require_columns(path, table.columns, [title])
        if title == ids:
            raise MisconfigurationException(f"{path}: title={title} is the column of ids; name that of titles, or none.")
        return title
    others = [name for name in table.columns if name != ids]
    for word in _TITLES:
        named = [name for name in others if name.lower().replace(" ", "_").split("_")[-1] == word]
        if len(named) == 1:
            return named[0]
    distinct = [
        name
        for name in others
        if table[name].dtype == pl.String and table[name].drop_nulls().n_unique() >= _DISTINCT * max(1, len(table))
    ]
    if len(distinct) == 1:
        return distinct[0]
    raise MisconfigurationException(
        f"{path}: it is not clear which column holds the titles (besides {quoted(ids)} it has {listed(others) or 'none'}); say "
        "which, title=COLUMN."
    )


class ItemTitles(RatingsLength):
    """Titles of a data module's items: from a column of the ratings, or from a second file.

    Attributes:
        title: Column of titles, of the second file where there is one.
        items: The second file.
        config: What the columns of the ratings mean.
    """

    title: str | None
    items: Path | None
    config: RatingsConfig
    _titles: dict[str, str] | None = None

    @abstractmethod
    def read_ratings(self) -> pl.LazyFrame:
        """All rows as they are."""

    def titles(self) -> dict[str, str]:
        """Titles of items by id; empty if there are none."""
        if self.items is None and self.title is None:
            return {}
        if self._titles is None:
            column = self.arrays().steps.categorical[self.config.item]
            if self.items is not None:
                self._titles = titles_from(self.items, column, self.config.item, self.title)
            elif self.title is not None:
                found = read_titles(self.read_ratings(), self.config.item, self.title)
                ids = normalize_ids([*found], column)  # a table may hold 1.0 where training has 1
                self._titles = {each: name for each, name in zip(ids, found.values(), strict=True) if each is not None}
        return self._titles or {}

    def row_columns(self, split: str) -> dict[str, list[Any]]:
        """As of any table; with the items' titles, where a second file has them."""
        rows = self.source_rows(split)
        return columns_beside(rows if self.items is None else self.with_titles(rows, self.titles()))

    def with_kept_titles(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows to predict, with the titles that training kept of a second file (``items.parquet``)."""
        path = None if self.artifacts_dir is None else self.artifacts_dir / "items.parquet"
        if self.items is None or path is None or not path.is_file():
            return rows
        kept = pl.read_parquet(path).select("item", "title").iter_rows()
        return self.with_titles(rows, {item: title for item, title in kept if title != item})

    def with_titles(self, rows: pl.DataFrame, titles: Mapping[str, str]) -> pl.DataFrame:
        """Rows with a column ``title`` at their end, empty where an item has none; as they are where they have such a column.

        Args:
            rows: With the column of items.
            titles: By id.
        """
        if not titles or "title" in rows.columns:
            return rows
        ids = normalize_ids(rows[self.config.item], self.steps().categorical[self.config.item])
        return rows.with_columns(pl.Series("title", [titles.get(each or "", "") for each in ids], dtype=pl.String))
