"""Ratings of items by users as a LightningDataModule: a table with two columns of ids.

**What it does.** All that tables have (levels learnt from training rows, unknown ids at prediction, splits by chance or time,
batches by index), and what ratings need besides: files without a header, pairs that were rated twice, the last rating of each
user held out.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl
import torch
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor

from .table import Table
from .table_file import read_table, require
from .table_store import Recipe

Twice = Literal["refuse", "last", "mean"]


class Ratings(Table):
    """:class:`.Table` of ratings.

    Args:
        root: As :class:`.Table`'s.
        user: Column of users' ids: texts or numbers.
        item: Column of items' ids.
        rating: Column of ratings.
        time: Column by which they are ordered, for ``split=time``, ``split=last_out`` and ``twice=last``; a date or a number.
        split: ``random``, ``time``, or ``last_out``: each user's last rating validates.
        twice: What becomes of a pair that is rated more than once: the ``last`` rating counts, their ``mean``, or it is
            refused.
        header: Names of the columns of a file that has none.
        side: More columns, of users or items, for models that look at them.
        options: Those of :class:`.Table`.

    Shape:
        Batches ``((codes, numbers), y)``: ``int32 [B, 2 + side]``, ``float32 [B, 0]``, ``float32 [B]``.

    Raises:
        MisconfigurationException: A table that can't be used.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | Any,
        user: str = "user",
        item: str = "item",
        rating: str = "rating",
        time: str | None = None,
        split: Literal["random", "time", "last_out"] = "random",
        twice: Twice = "refuse",
        header: Sequence[str] | None = None,
        side: Sequence[str] = (),
        **options: Any,
    ) -> None:
        for option, value, known in (("split", split, ("random", "time", "last_out")), ("twice", twice, get_args(Twice))):
            if value not in known:
                raise MisconfigurationException(f"data.{option}={value}: choose {', '.join(known)}.")
        if time is None and (split != "random" or twice == "last"):
            option = f"data.split={split}" if split != "random" else "data.twice=last"
            raise MisconfigurationException(f"{option} wants data.time: the column by which ratings are ordered.")
        super().__init__(
            root, target=rating, kind="number", categorical=(user, item, *side), columns="named", split="random", **options
        )
        self.user, self.item, self.rating, self.time = user, item, rating, time
        self.how, self.twice, self.header = split, twice, header

    own = ("experiment=ratings", "data.root=RATINGS.csv")
    predicts = "PAIRS.csv"

    def read_ratings(self) -> pl.LazyFrame:
        """All of them, as they are."""
        if self.header is not None and isinstance(self.root, Path):
            return read_table(self.root, self.header)
        return super().read()

    def read(self) -> pl.LazyFrame:
        """All of them, each pair once, with a column of splits where they are not split by chance."""
        frame = self.read_ratings()
        names = frame.collect_schema().names()
        if self.user not in names and self.header is None:
            raise MisconfigurationException(
                f"{self._where}: has no column {self.user!r}, it begins with {', '.join(map(repr, names[:4]))}; name yours, "
                "data.user=... data.item=... data.rating=..., or, where the file has no header, data.header=[user,item,rating]."
            )
        require(self._where, names, [self.user, self.item, self.rating, *([] if self.time is None else [self.time])])
        return self._with_splits(self._once(frame))

    def _once(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        pair = [self.user, self.item]
        if self.twice == "mean":
            others = [name for name in frame.collect_schema().names() if name not in (*pair, self.rating)]
            means = pl.col(self.rating).cast(pl.Float64).mean()
            return frame.group_by(pair, maintain_order=True).agg(means, *(pl.col(name).last() for name in others))
        if self.twice == "last":
            return frame.sort(self.time or self.rating, maintain_order=True).unique(pair, keep="last", maintain_order=True)
        count = pl.len().alias("__times")
        again = frame.select(pair).group_by(pair, maintain_order=True).agg(count).filter(pl.col("__times") > 1).head(1).collect()
        if len(again):
            user, item, times = again.row(0)
            raise MisconfigurationException(
                f"{self._where}: {self.user} {user} rates {self.item} {item} {times} times; say which counts: data.twice=last "
                "(wants data.time) or data.twice=mean."
            )
        return frame

    def whole_recipe(self) -> Recipe:
        """With the column of splits, where there is one."""
        recipe = super().whole_recipe()
        has_splits = "__split" in self.read().collect_schema().names()
        return dataclasses.replace(recipe, split_column="__split") if has_splits else recipe

    def pairs(self, split: str) -> tuple[Tensor, Tensor]:
        """Codes of users and of items of a split's ratings ``int64 [N]`` each, counted from 0; unknown ones are left out."""
        store = self._tensors()
        codes = torch.from_numpy(store.codes[store.rows[split], :2]).long() - 1
        codes = codes[(codes >= 0).all(1)]
        return codes[:, 0], codes[:, 1]

    def _with_splits(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        if self.how == "random" or self.time is None:
            return frame
        if self.how == "last_out":
            # Of users with a single rating it trains: nothing would be known of them otherwise.
            place = pl.col(self.time).rank("ordinal").over(self.user)
            held = (place == pl.len().over(self.user)) & (pl.len().over(self.user) > 1)
        else:
            held = pl.col(self.time).rank("ordinal") > pl.len() * (1 - self.recipe.valid)
        return frame.with_columns(pl.when(held).then(pl.lit("valid")).otherwise(pl.lit("train")).alias("__split"))
