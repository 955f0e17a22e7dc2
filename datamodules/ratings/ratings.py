"""Ratings of items by users, or clicks, as a LightningDataModule.

**What it does.** Ratings are read, checked, deduplicated and split (:mod:`.interactions`), encoded once
(:mod:`practicum.datamodules.tabular.table_cache`) and served as batches of codes and weights and, for clicks, sampled negatives
(:class:`.RatingsBatch`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from practicum.lightning_shim import LightningDataModule
from torch import Tensor
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.csv_format import DETECT_TABLE, check_csv_format
from ..files.say_once import say_once
from ..loading.batch_loader import batch_loader
from ..tabular.new_rows import NewRows, TableSource, encode_rows, read_new_rows, source_name
from ..tabular.readers import require_columns
from ..tabular.row_batches import RowBatches
from ..tabular.source_table import SPLIT_COLUMN, SourceTable
from ..tabular.split_batches import split_batches
from ..tabular.split_files import fit_in_memory, hash_files, hash_frame
from ..tabular.table_cache import TableArrays, table_arrays
from ..tabular.table_config import check_row_options
from .catalogue import Catalogue, memory_in_training
from .interaction_batches import InteractionBatches
from .interactions import complete_pairs, pairs_left_out, prepare_interactions
from .item_titles import ItemTitles
from .negative_sampling import NegativeSampler
from .rating_checks import require_frequent, require_known_pairs, require_rating_columns
from .ratings_config import Duplicates, RatingsConfig, RatingsSplit
from .ratings_source import read_ratings_source
from .suggested_l2 import suggested_l2
from .training_length import USUAL_BATCH


class Ratings(ItemTitles, LightningDataModule):
    """Ratings, or clicks.

    Args:
        root: A CSV (also gzipped), TSV or Parquet file; a folder with ``train``, ``test`` and, optionally, ``valid`` files; a
            zip file of these; or a frame of polars or pandas.
        user: Column of user ids: strings or integers.
        item: Column of item ids: strings or integers.
        rating: Column of ratings; ``None``: clicks, each row is one.
        time: Column that orders ratings, dates or numbers; ``split=time`` and ``split=last_out`` leave out rows without one.
        date_format: Format of dates that are texts (``%d/%m/%Y``), or unit of numbers (``epoch_ms``), see
            :mod:`practicum.datamodules.tabular.date_formats`; ``None``: it is found.
        weight: Column of the rows' weights in the loss, at least 0; metrics count each row once.
        title: Column of item titles, for figures and lists; with ``items`` that file's.
        items: A second file with the items' titles, see :mod:`.item_titles`.
        split: ``random``; ``time``: the last ratings validate; ``last_out``: each user's last rating validates.
        split_column: Column that names each row's split, for ``split=random``: train, valid or test.
        duplicates: What counts if a pair occurs more than once: the ``last`` rating, their ``mean`` or ``max``, or it is refused.
            Clicks (``rating=None``) count once, as of the first, and ``weight`` is added up.
        header: Column names of a file without a header line; new files without one have these columns, too.
        user_side: Columns that describe users, for models that use them.
        item_side: Columns that describe items.
        scale: Least and greatest rating; others are refused. ``None``: any is accepted.
        positive_threshold: Use ratings from this one on, after ``duplicates``, as clicks, and leave the others out.
        negatives: For clicks: number of sampled negatives beside each.
        negative_power: A negative's probability is proportional to the item's number of clicks to this power; 0: uniform.
        time_bin_days: Add a column ``time_bin``: the number of the stretch of so many days, since 1970, in which a rating falls.
        min_count: Users and items with fewer training ratings count as unknown; one that leaves none is refused.
        valid_fraction: Fraction of the rows for validation.
        test_fraction: Fraction of the rows for the test, for ``split=random``; 0: the test uses validation's rows.
        train_rows: Size of a random sample of the training rows; ``None``: all.
        batch_size: Rows per batch and process; ``None``: 1,024, fewer below 8,192 training rows.
        seed: Seed of the split, of the order and of the negatives.
        cache: Folder for cached arrays.
        csv_format: What is known of a text table's format: ``delimiter``, ``quote``, ``decimal``, ``encoding``, ``header``
            (absent: detected), and of missing values: ``na_values``, ``keep_default_na``. New pairs are read in the same format.
        max_gb: Memory that reading may take. A larger table is read one column, or block of rows, at a time, and larger arrays
            are shuffled by blocks.
        artifacts_dir: Folder for ``steps.json``, ``seen.parquet`` and ``items.parquet``, which prediction needs; ``None`` writes
            none.
        report_dir: Folder for ``columns.csv`` and ``rejected.csv``; ``None`` writes none.

    Shape:
        Batches ``(RatingsBatch, y)``, see :class:`.RatingsBatch`; ratings ``y`` are ``float32 [B]``, 1 for clicks.

    Raises:
        MisconfigurationException: Options contradict each other, or the table can't be used.

    Example:
        >>> import tempfile
        >>> import polars as pl
        >>> from practicum.datamodules import Ratings
        >>> rows = [(f"u{n % 7}", f"i{n % 11}", 1 + n % 5) for n in range(70)]
        >>> frame = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
        >>> data = Ratings(frame, batch_size=16, cache=tempfile.mkdtemp())
        >>> data.setup("fit")
        >>> x, y = next(iter(data.train_dataloader()))
        >>> x.codes.shape, x.weights, y.shape
        (torch.Size([16, 2]), None, torch.Size([16]))
        >>> clicks = Ratings(frame, rating=None, negatives=3, batch_size=16, cache=tempfile.mkdtemp())
        >>> clicks.setup("fit")
        >>> next(iter(clicks.train_dataloader()))[0].negatives.shape
        torch.Size([16, 3])
    """

    def __init__(
        self,
        root: TableSource,
        user: str = "user",
        item: str = "item",
        rating: str | None = "rating",
        time: str | None = None,
        date_format: str | None = None,
        weight: str | None = None,
        title: str | None = None,
        items: str | os.PathLike[str] | None = None,
        split: RatingsSplit = "random",
        split_column: str | None = None,
        duplicates: Duplicates = "refuse",
        header: Sequence[str] | None = None,
        user_side: Sequence[str] = (),
        item_side: Sequence[str] = (),
        scale: Sequence[float] | None = None,
        positive_threshold: float | None = None,
        negatives: int = 8,
        negative_power: float = 0.5,
        time_bin_days: float | None = None,
        min_count: int = 1,
        valid_fraction: float = 0.1,
        test_fraction: float | None = None,
        train_rows: int | None = None,
        batch_size: int | None = 1024,
        seed: int = 1,
        cache: str | os.PathLike[str] = "data/cache",
        csv_format: Mapping[str, Any] | None = DETECT_TABLE,
        max_gb: float = 4.0,
        artifacts_dir: str | os.PathLike[str] | None = None,
        report_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        self.config = RatingsConfig(
            user=user,
            item=item,
            rating=rating,
            time=time,
            date_format=date_format,
            weight=weight,
            split=split,
            duplicates=duplicates,
            user_side=tuple(user_side),
            item_side=tuple(item_side),
            scale=scale,
            positive_threshold=positive_threshold,
            time_bin_days=time_bin_days,
            split_column=split_column,
            min_count=min_count,
            valid_fraction=valid_fraction,
            test_fraction=test_fraction,
            train_rows=train_rows,
            seed=seed,
            csv_format=check_csv_format(csv_format),
        )
        self.config.check(owner)
        check_row_options(owner, negatives=negatives, batch_size=batch_size, max_gb=max_gb)
        self.root = Path(root) if isinstance(root, str | os.PathLike) else root
        self.title, self.header, self.negatives, self.negative_power = title, header, negatives, negative_power
        self.batch_size, self.seed, self.max_gb, self.cache = batch_size, seed, max_gb, Path(cache)
        self.items = None if items is None else Path(items)
        self.artifacts_dir = None if artifacts_dir is None else Path(artifacts_dir)
        self.report_dir = None if report_dir is None else Path(report_dir)
        self.rejected: list[tuple[str, str]] = []  # filled by setup
        self._sampler: NegativeSampler | None = None

    # Reading ----------------------------------------------------------------------------------------------------------

    @property
    def splits_by_file(self) -> bool:
        """Whether files say which rows validate."""
        return len(self.files()) > 1

    def read_source(self) -> SourceTable:
        """All rows as they are, with what was found out in reading them."""
        return read_ratings_source(self.root, self.files(), self.config, self.header)

    def read_ratings(self) -> pl.LazyFrame:
        """All rows as they are."""
        return self.read_source().frame

    def source_table(self) -> SourceTable:
        """Each pair once, see :func:`.prepare_interactions`.

        Raises:
            MisconfigurationException: The table can't be used.
        """
        names = (source := self.read_source()).frame.collect_schema().names()
        require_rating_columns(names, self.config, self.origin, has_header=self.header is None)
        if self.title is not None and self.items is None:
            require_columns(self.origin, names, [self.title])
        return prepare_interactions(source, self.config, self.origin)

    def read(self) -> pl.LazyFrame:
        """Each pair once."""
        return self.source_table().frame

    def arrays(self) -> TableArrays:
        """The table as arrays: from memory, from the cache, or built now."""
        if self._arrays is None:
            files, split_column = self.files(), self.config.split_column
            if self.config.split != "random" or self.splits_by_file:
                split_column = SPLIT_COLUMN
            salt = f"{type(self).__name__} {self.config} {self.header}"
            contents = hash_files(files, salt) if files else hash_frame(self.root, salt)
            lacking = self.config.split == "random" and self.splits_by_file and "valid" not in files
            config, fits = self.config.table_config(split_column, lacking), fit_in_memory(files, self.max_gb)
            self._arrays = table_arrays(self.source_table, contents, config, self.cache, self.origin, fits)
        return self._arrays

    def catalogue(self) -> Catalogue:
        """The encoded pairs."""
        return Catalogue(self.arrays(), self.config.user, self.config.item)

    def setup(self, stage: str | None = None) -> None:
        """Open the arrays, write the reports and what prediction needs, and warn of users without a training row."""
        if stage == "predict":
            return
        arrays = self.arrays()
        require_frequent(arrays, self.read, self.config, self.origin)
        self.rejected = arrays.rejected
        arrays.write_artifacts(self.origin, self.report_dir, self.artifacts_dir)
        if stage == "fit":
            say_once(f"{len(arrays.targets):,} ratings: {memory_in_training(arrays) / 1e6:,.0f} MB in training.", logging.INFO)
        strangers = self.catalogue().unknown_users(self.tests_on)
        if len(strangers):
            say_once(  # Lightning sets up again, for the fit and for the test
                f"{self.origin}: {strangers.n_unique():,} users of the {self.tests_on} split have no training row (such as "
                f"{strangers[0]}); they are predicted as an average user."
            )
        if self.artifacts_dir is not None and stage != "test":
            left_out = pairs_left_out(self.read_ratings, self.config, self.origin)
            seen_too = None if left_out is None else self.catalogue().encode(left_out)
            self.catalogue().write_artifacts(self.artifacts_dir, self.titles(), seen_too)

    # Facts ------------------------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """``categories`` by column; ``target`` (statistics) of ratings, ``l2`` that suits clicks; ``sides`` of users or items."""
        steps = self.arrays().steps
        facts: dict[str, Any] = {"categories": {name: each.categories for name, each in steps.categorical.items()}}
        if self.config.clicks:
            facts["l2"] = suggested_l2(len(self.arrays().rows["train"]))
        else:
            facts["target"] = steps.target_stats
        if self.config.user_side or self.config.item_side:
            facts["sides"] = self.catalogue().side_codes(self.config.user_side, self.config.item_side)
        return facts

    def pairs(self, split: str) -> tuple[Tensor, Tensor]:
        """Users and items of a split ``int64 [N]`` each, counted from 0; pairs with an unknown id are left out."""
        return self.catalogue().pairs(split)

    def ratings(self, split: str) -> Tensor:
        """Ratings of :meth:`pairs`, in the same order ``float32 [N]``; 1 for clicks."""
        return self.catalogue().ratings(split)

    # Loaders ----------------------------------------------------------------------------------------------------------

    def _loader(self, split: str, shuffle: bool = False) -> StatefulDataLoader[Any]:
        arrays, size = self.arrays(), self.rows_per_batch()
        inputs = [arrays.codes] if arrays.weights is None else [arrays.codes, arrays.weights]
        batches = split_batches(arrays, inputs, split, size, shuffle, self.seed, self.max_gb, self.trainer)
        if self.config.clicks and self._sampler is None:
            users, items = (codes.long() for codes in self.catalogue().codes("train"))
            self._sampler = NegativeSampler(users, items, len(self.catalogue().items), self.negative_power)
        return batch_loader(InteractionBatches(batches, self._sampler, self.negatives, self.seed), self.seed)

    # Prediction -------------------------------------------------------------------------------------------------------

    def for_prediction(self, source: TableSource | Sequence[TableSource]) -> NewRows:
        """Pairs to predict as a data module of their own.

        Args:
            source: A file, or a frame of polars or pandas, with the columns of users and items; or several. Side columns and
                times that it lacks are unknown.

        Raises:
            MisconfigurationException: It can't be read, is empty, or has no users or items.
        """
        steps, where = self.steps(), source_name(source)
        rating = [self.config.rating] if self.config.rating else []
        rows = read_new_rows(source, steps, self.config.csv_format, self.header, rating)
        pairs = complete_pairs(rows.plain.lazy(), self.config, where, steps.date_format).collect()
        (codes, _, targets), size = encode_rows(pairs, steps, where), 4 * (self.batch_size or USUAL_BATCH)
        require_known_pairs(codes, pairs, self.config, where)
        return NewRows(
            self.with_kept_titles(rows.written), InteractionBatches(RowBatches([codes], targets, batch_size=size)), rows.plain
        )
