"""Ratings of items by users, or clicks, as a LightningDataModule: a table with two columns of ids.

**What it does.** All that tables have (levels learnt from training rows, unknown ids at prediction, splits by chance or time,
batches by index), and what ratings need besides: files without a header, pairs that were rated twice, the last rating of each
user held out, weights, what is known of users and items, items that were not clicked on.
"""

from __future__ import annotations

import dataclasses
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.atomic_file import atomic_write
from ..tabular.readers import as_date, read_table, require
from ..tabular.table import Table
from ..tabular.table_cache import Recipe, TableStore
from .negative_sampling import ClickBatches, NegativeSampler

log = logging.getLogger(__name__)

Twice = Literal["refuse", "last", "mean"]
TIME_BIN = "time_bin"
_CLICK = "__click"


class Ratings(Table):
    """:class:`.Table` of ratings.

    Args:
        root: As :class:`.Table`'s.
        user: Column of users' ids: texts or numbers.
        item: Column of items' ids.
        rating: Column of ratings; ``None``: clicks, each pair that is there is one.
        time: Column by which they are ordered, for ``split=time``, ``split=last_out`` and ``twice=last``; a date or a number.
        weight: Column of weights of rows in the loss, from 0; metrics count each row once.
        title: Column of items' names, for pictures and lists.
        split: ``random``, ``time``, or ``last_out``: each user's last rating validates.
        twice: What becomes of a pair that is there more than once: the ``last`` counts, their ``mean``, or it is refused. Of
            clicks more than one is one.
        header: Names of the columns of a file that has none.
        user_side: Columns that tell of users, for models that look at them.
        item_side: Columns that tell of items.
        scale: Least and greatest rating; one beyond is refused. Default: none is.
        liked_from: Take ratings from this on as clicks, and leave the others out.
        negatives: Of clicks: items that were not clicked on, beside each.
        power: Of an item's count, to which its chance to be drawn for these is in proportion; 0: all alike.
        time_bin_days: Tell in a column ``time_bin`` in which stretch of so many days a rating fell.
        options: Those of :class:`.Table`.

    Shape:
        Batches ``((codes, numbers), y)``: ``int32 [B, 2 + side]``; ``float32 [B, 0]``, or the rows' weights ``[B, 1]``; ratings
        ``float32 [B]``. Of clicks, see :class:`.ClickBatches`.

    Raises:
        MisconfigurationException: A table that can't be used.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | Any,
        user: str = "user",
        item: str = "item",
        rating: str | None = "rating",
        time: str | None = None,
        weight: str | None = None,
        title: str | None = None,
        split: Literal["random", "time", "last_out"] = "random",
        twice: Twice = "refuse",
        header: Sequence[str] | None = None,
        user_side: Sequence[str] = (),
        item_side: Sequence[str] = (),
        scale: Sequence[float] | None = None,
        liked_from: float | None = None,
        negatives: int = 8,
        power: float = 0.5,
        time_bin_days: float | None = None,
        **options: Any,
    ) -> None:
        for option, value, known in (("split", split, ("random", "time", "last_out")), ("twice", twice, get_args(Twice))):
            if value not in known:
                raise MisconfigurationException(f"data.{option}={value}: choose {', '.join(known)}.")
        for option, wants, given in (
            (f"data.split={split}", split != "random", time),
            ("data.twice=last", twice == "last", time),
            (f"data.time_bin_days={time_bin_days}", time_bin_days is not None, time),
        ):
            if wants and given is None:
                raise MisconfigurationException(f"{option} wants data.time: the column by which ratings are ordered.")
        if split != "random" and options.get("test_fraction"):
            raise MisconfigurationException(
                f"data.test_fraction={options['test_fraction']} is for data.split=random: with data.split={split} the last "
                "ratings validate, and they are tested on."
            )
        if rating is None and liked_from is not None:
            raise MisconfigurationException("data.liked_from wants the column of ratings, data.rating=rating.")
        for option, number, valid in (
            ("negatives", negatives, negatives >= 1),
            ("time_bin_days", time_bin_days, time_bin_days is None or time_bin_days > 0),
            ("scale", scale, scale is None or (len(scale) == 2 and scale[0] < scale[1])),
        ):
            if not valid:
                raise MisconfigurationException(f"data.{option}={number} is out of range.")
        self.clicks = rating is None or liked_from is not None
        sides = [*user_side, *item_side, *([] if time_bin_days is None else [TIME_BIN])]
        super().__init__(
            root,
            target=_CLICK if self.clicks else str(rating),
            kind="number",
            categorical=(user, item, *sides),
            continuous=() if weight is None else (weight,),
            columns="named",
            split="random",
            **options,
        )
        self.user, self.item, self.rating, self.time, self.weight, self.title = user, item, rating, time, weight, title
        self.user_side, self.item_side = tuple(user_side), tuple(item_side)
        self.how, self.twice, self.header, self.scale, self.liked_from = split, twice, header, scale, liked_from
        self.negatives, self.power, self.time_bin_days = negatives, power, time_bin_days
        self._sampler: NegativeSampler | None = None

    own = ("experiment=ratings", "data.root=RATINGS.csv")
    predicts = "PAIRS.csv"

    @property
    def labelled_by(self) -> str:
        """Ratings; of clicks that there is a row is all that is said."""
        return self.item if self.rating is None else self.rating

    # Reading ----------------------------------------------------------------------------------------------------------

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
        optional = [each for each in (self.rating, self.time, self.weight, self.title) if each is not None]
        require(self._where, names, [self.user, self.item, *optional])
        self._refuse_numbers(frame)
        frame = self._timed(frame)
        if self.liked_from is not None and self.rating is not None:
            frame = frame.filter(pl.col(self.rating) >= self.liked_from)
        frame = self._with_splits(self._once(frame))
        if self.clicks:
            frame = frame.with_columns(pl.lit(1.0).alias(_CLICK))
        # Codes follow the order of columns, and whoever reads codes takes users from the first place, items from the second.
        return self._with_time_bin(frame).select(self.user, self.item, pl.exclude(self.user, self.item))

    def _timed(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """Times that are texts become dates: as texts the 31st of March comes after the 1st of April."""
        schema = frame.collect_schema()
        if self.time is None or schema.get(self.time) != pl.String:
            return frame
        return frame.with_columns(as_date(frame.select(self.time).collect()[self.time], self._where))

    def _refuse_numbers(self, frame: pl.LazyFrame) -> None:
        """Ratings outside of their scale, weights that weigh nothing."""
        if self.scale is not None and self.rating is not None:
            low, high = self.scale
            value = pl.col(self.rating)
            outside = frame.with_row_index("__row").filter((value < low) | (value > high)).select("__row", self.rating).head(1)
            for row, rating in outside.collect().iter_rows():
                raise MisconfigurationException(
                    f"{self._where}: row {row + 1:,} has the {self.rating} {rating}, outside of data.scale=[{low:g},{high:g}]; "
                    "correct it, or widen the scale."
                )
        if self.weight is not None:
            value = pl.col(self.weight)
            least, greatest = frame.select(value.min().alias("least"), value.max().alias("greatest")).collect().row(0)
            if greatest is None or greatest <= 0 or least < 0:
                what = "is below 0 somewhere" if least is not None and least < 0 else "is 0 in all rows"
                raise MisconfigurationException(f"{self._where}: {self.weight} {what}; weights from 0 are wanted, some above.")

    def _once(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        pair = [self.user, self.item]
        if self.twice == "mean" and not self.clicks:
            others = [name for name in frame.collect_schema().names() if name not in (*pair, self.rating)]
            means = pl.col(str(self.rating)).cast(pl.Float64).mean()
            return frame.group_by(pair, maintain_order=True).agg(means, *(pl.col(name).last() for name in others))
        if self.twice == "last" or self.clicks:
            ordered = frame if self.time is None else frame.sort(self.time, maintain_order=True)
            return ordered.unique(pair, keep="last", maintain_order=True)
        # Of millions of pairs a sorted hash takes a tenth of the memory that groups take; these name what it found.
        hashes = np.sort(frame.select(pl.struct(pair).hash().alias("hash")).collect()["hash"].to_numpy())
        if (hashes[1:] == hashes[:-1]).any():
            count = pl.len().alias("__times")
            again = frame.select(pair).group_by(pair).agg(count).filter(pl.col("__times") > 1).sort(pair).head(1).collect()
            for user, item, times in again.iter_rows():
                raise MisconfigurationException(
                    f"{self._where}: {self.user} {user} rates {self.item} {item} {times} times; say which counts: "
                    "data.twice=last (wants data.time) or data.twice=mean."
                )
        return frame

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

    def _with_time_bin(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        if self.time_bin_days is None or self.time is None:
            return frame
        schema = frame.collect_schema()
        if self.time not in schema.names():  # pairs to predict, of no time
            return frame.with_columns(pl.lit(None, pl.Int64).alias(TIME_BIN))
        time = pl.col(self.time)
        seconds = time.cast(pl.Datetime).dt.epoch("s") if schema[self.time].is_temporal() else time
        return frame.with_columns((seconds / (86400 * self.time_bin_days)).floor().cast(pl.Int64).alias(TIME_BIN))

    def whole_recipe(self) -> Recipe:
        """With the column of splits, where there is one."""
        has_splits = self.how != "random" or "__split" in self.read_ratings().collect_schema().names()
        return dataclasses.replace(self.recipe, split_column="__split") if has_splits else self.recipe

    def fingerprint(self) -> str:
        """With all that shapes what is read."""
        shaped = (
            self.rating,
            self.how,
            self.twice,
            self.header,
            self.scale,
            self.liked_from,
            self.time,
            self.time_bin_days,
            self.user_side,
            self.item_side,
        )
        return f"{super().fingerprint()} {shaped}"

    # Facts ------------------------------------------------------------------------------------------------------------

    def setup(self, stage: str | None = None) -> None:
        """Open the tensors; leave in ``keep`` who has what, and what items are called."""
        super().setup(stage)
        if stage == "predict" or self._new is not None:
            return
        store = self._tensors()
        rows = len(store.targets)
        # Codes and targets, and an epoch's order: all rows, the draw of it, and the rows so drawn, of eight bytes each.
        if stage == "fit":
            taken = rows * (store.codes.shape[1] * 4 + 4 + 3 * 8)
            log.info(f"{rows:,} ratings: {taken / 1e6:,.0f} MB while they are trained on.")
        strangers = store.codes[store.rows[self.tests_on], 0] == 0
        if strangers.any():
            names = self.originals(self.tests_on)[self.user].filter(pl.Series(strangers))
            log.warning(
                f"{self._where}: {names.n_unique():,} users of the {self.tests_on} split have no training row (such as "
                f"{names[0]}); of them nothing is known, and the mean of all stands in."
            )
        if self.keep is not None and stage != "test":
            users, items = (torch.cat(parts) for parts in zip(self._codes(), self._disliked(), strict=True))
            with atomic_write(self.keep / "seen.parquet") as beside:
                pl.DataFrame({"user": users.numpy(), "item": items.numpy()}).write_parquet(beside)
            levels = store.steps.categorical[self.item].levels
            counts = torch.bincount(self._codes()[1], minlength=len(levels) + 1)[1:].tolist()
            titles = self.titles()
            called = [titles.get(level, level) for level in levels]
            with atomic_write(self.keep / "items.parquet") as beside:
                pl.DataFrame({"item": levels, "title": called, "ratings": counts}).write_parquet(beside)

    def describe(self) -> dict[str, Any]:
        """As :class:`.Table`'s; of clicks no ``target``, and ``sides`` where something is known of users or items."""
        facts = super().describe()
        del facts["continuous"]  # weights are no input
        if self.clicks:
            del facts["target"]
        if self.user_side or self.item_side:
            store = self._tensors()
            places = list(store.steps.categorical)
            facts["sides"] = {}
            for owner, columns in ((self.user, self.user_side), (self.item, self.item_side)):
                for column in columns:
                    if column in places:  # not where it has one value in all rows
                        codes = torch.zeros(len(store.steps.categorical[owner].levels) + 1, dtype=torch.int32)
                        codes[store.codes[:, places.index(owner)]] = torch.from_numpy(store.codes[:, places.index(column)])
                        codes[0] = 0
                        facts["sides"].setdefault(owner, {})[column] = codes.tolist()
        return facts

    def titles(self) -> dict[str, str]:
        """What items are called, by id; empty where the data do not say."""
        if self.title is None:
            return {}
        pairs = self.read_ratings().select(self.item, self.title).unique(self.item, keep="last").collect()
        return {str(item): str(title) for item, title in pairs.iter_rows()}

    def _codes(self, split: str | None = None) -> tuple[Tensor, Tensor]:
        """Users and items of a split, or of all rows that are in one, by code from 1; unknown ones are left out."""
        store = self._tensors()
        parts = store.rows.values() if split is None else [store.rows[split]]
        codes = np.concatenate([store.codes[rows, :2] for rows in parts])
        known = (codes > 0).all(1)
        users, items = (torch.from_numpy(codes[:, place] if known.all() else codes[known, place]) for place in (0, 1))
        return users, items

    def _disliked(self) -> tuple[Tensor, Tensor]:
        """Users and items, by code from 1, of the ratings that ``liked_from`` leaves out: they were seen, too."""
        if self.liked_from is None or self.rating is None:
            return torch.zeros(0, dtype=torch.int32), torch.zeros(0, dtype=torch.int32)
        rows = self.read_ratings().filter(pl.col(self.rating) < self.liked_from).select(self.user, self.item)
        for name in (self.user, self.item):
            levels = self._tensors().steps.categorical[name].levels
            codes = pl.LazyFrame({name: levels, f"__{name}": np.arange(1, len(levels) + 1, dtype=np.int32)})
            rows = rows.with_columns(pl.col(name).cast(pl.String)).join(codes, on=name)
        found = rows.select(f"__{self.user}", f"__{self.item}").collect().to_numpy()
        return torch.from_numpy(found[:, 0].copy()), torch.from_numpy(found[:, 1].copy())

    def pairs(self, split: str) -> tuple[Tensor, Tensor]:
        """Users and items of a split's ratings ``int64 [N]`` each, counted from 0; unknown ones are left out."""
        users, items = self._codes(split)
        return users.long() - 1, items.long() - 1

    def ratings(self, split: str) -> Tensor:
        """Of the pairs of :meth:`pairs`, in their order ``float32 [N]``; 1 of clicks."""
        store = self._tensors()
        rows = store.rows[split]
        return torch.from_numpy(store.targets[rows][(store.codes[rows, :2] > 0).all(1)])

    # Batches ----------------------------------------------------------------------------------------------------------

    def _loader(self, batches: Any) -> StatefulDataLoader[Any]:
        store = self._store
        if store is not None and batches.inputs[1].shape[1]:
            batches.inputs = (batches.inputs[0], self._weights(store))
        if not self.clicks or store is None:
            return super()._loader(batches)
        if self._sampler is None:
            users, items = self._codes("train")
            count = len(store.steps.categorical[self.item].levels)
            self._sampler = NegativeSampler(users.long(), items.long(), count, self.power)
        return super()._loader(ClickBatches(batches, self._sampler, self.negatives, self.seed))

    def _weights(self, store: TableStore) -> Tensor:
        """``[N, 1]``, as they are in the table."""
        facts = next(iter(store.steps.continuous.values()))
        return torch.from_numpy(store.numbers[:, :1] * facts.std + facts.mean).clamp(min=0)

    def completed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Pairs to predict; of what else training knew, what they do not have is unknown."""
        whole = self._with_time_bin(self._timed(frame.lazy()))
        wanted = [*self.user_side, *self.item_side, *([] if self.weight is None else [self.weight])]
        return whole.with_columns(pl.lit(None, pl.String).alias(name) for name in wanted if name not in frame.columns).collect()
