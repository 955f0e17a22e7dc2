"""Who rated what, and what is known of users and items: the encoded pairs of a table of ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from torch import Tensor

from ..files.atomic_file import atomic_write
from ..tabular.table_cache import TableArrays


def read_titles(frame: pl.LazyFrame, item: str, title: str) -> dict[str, str]:
    """Titles of items by id, the last one of each."""
    columns = (pl.col(item).cast(pl.String).alias("item"), pl.col(title).cast(pl.String).alias("title"))  # may be one column
    pairs = frame.select(columns).drop_nulls().unique("item", keep="last").collect()
    return {each: str(name) for each, name in pairs.iter_rows()}


def memory_in_training(arrays: TableArrays) -> int:
    """Bytes of codes and targets, and of three ``int64`` per row: all rows, a permutation, the permuted rows."""
    return len(arrays.targets) * (arrays.codes.shape[1] * 4 + 4 + 3 * 8)


@dataclass(frozen=True)
class Catalogue:
    """The pairs of a table whose first two columns of codes are users and items.

    Args:
        arrays: The table.
        user: Column of users.
        item: Column of items.
    """

    arrays: TableArrays
    user: str
    item: str

    @property
    def items(self) -> list[str]:
        """Ids of all items, in the order of their codes from 1."""
        return self.arrays.steps.categorical[self.item].categories

    def codes(self, split: str | None = None) -> tuple[Tensor, Tensor]:
        """Codes of users and items ``int32 [N]`` each, from 1, of a split or of all; pairs with an unknown id are left out."""
        parts = self.arrays.rows.values() if split is None else [self.arrays.rows[split]]
        codes = np.concatenate([self.arrays.codes[rows, :2] for rows in parts])
        known = (codes > 0).all(1)
        users, items = (torch.from_numpy(codes[:, column] if known.all() else codes[known, column]) for column in (0, 1))
        return users, items

    def pairs(self, split: str) -> tuple[Tensor, Tensor]:
        """Users and items of a split ``int64 [N]`` each, counted from 0; pairs with an unknown id are left out."""
        users, items = self.codes(split)
        return users.long() - 1, items.long() - 1

    def ratings(self, split: str) -> Tensor:
        """Ratings of :meth:`pairs`, in the same order ``float32 [N]``; 1 for clicks."""
        rows = self.arrays.rows[split]
        return torch.from_numpy(self.arrays.targets[rows][(self.arrays.codes[rows, :2] > 0).all(1)])

    def unknown_users(self, split: str) -> pl.Series:
        """Users of ``valid`` or ``test`` without a training row, one for each of their rows."""
        unknown = self.arrays.codes[self.arrays.rows[split], 0] == 0
        if not unknown.any():
            return pl.Series(self.user, [])
        return self.arrays.source_rows(split)[self.user].filter(pl.Series(unknown))

    def encode(self, frame: pl.LazyFrame) -> tuple[Tensor, Tensor]:
        """Codes of the users and items of other rows ``int32 [N]`` each, from 1; pairs with an unknown id are left out."""
        rows = frame.select(self.user, self.item).collect()
        users, items = (self.arrays.steps.categorical[name].encode(rows[name]).to_numpy() for name in (self.user, self.item))
        known = (users > 0) & (items > 0)
        return torch.from_numpy(users[known]), torch.from_numpy(items[known])

    def side_codes(self, user_side: Sequence[str], item_side: Sequence[str]) -> dict[str, dict[str, list[int]]]:
        """Codes of side columns by owner and column, one for each user or item by code; 0 is unknown.

        Args:
            user_side: Columns that describe users.
            item_side: Columns that describe items.
        """
        steps, sides = self.arrays.steps, dict[str, dict[str, list[int]]]()
        order = list(steps.categorical)
        for owner, columns in ((self.user, user_side), (self.item, item_side)):
            for column in columns:
                if column in order:  # a column with one value in all rows is ignored
                    codes = torch.zeros(len(steps.categorical[owner].categories) + 1, dtype=torch.int32)
                    owners, values = self.arrays.codes[:, order.index(owner)], self.arrays.codes[:, order.index(column)]
                    codes[owners] = torch.from_numpy(values)
                    codes[0] = 0
                    sides.setdefault(owner, {})[column] = codes.tolist()
        return sides

    def write_artifacts(self, folder: Path, titles: Mapping[str, str], unliked: tuple[Tensor, Tensor] | None = None) -> None:
        """Write what recommending needs: ``seen.parquet`` (pairs by code) and ``items.parquet`` (id, title, training ratings).

        Args:
            folder: Folder of both files.
            titles: Titles by id; an item without one keeps its id.
            unliked: Codes of further pairs that count as seen.
        """
        parts = [self.codes(), *([] if unliked is None else [unliked])]
        users, items = (torch.cat(codes) for codes in zip(*parts, strict=True))
        with atomic_write(folder / "seen.parquet") as beside:
            pl.DataFrame({"user": users.numpy(), "item": items.numpy()}).write_parquet(beside)
        counts = torch.bincount(self.codes()[1], minlength=len(self.items) + 1)[1:].tolist()
        names = [titles.get(item, item) for item in self.items]
        with atomic_write(folder / "items.parquet") as beside:
            pl.DataFrame({"item": self.items, "title": names, "ratings": counts}).write_parquet(beside)
