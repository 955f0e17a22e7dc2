"""Tables as a LightningDataModule: columns by name or guessed, steps learnt from the training rows, batches by index."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import polars as pl
import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.atomic_file import atomic_write
from ..files.csv_files import write_csv
from ..loading.seeded_sampler import SeededSampler
from .preprocessor import TableSteps
from .readers import is_table, of_frame, read_table, require
from .row_batches import RowBatches
from .splits import How
from .table_cache import Kind, Recipe, TableStore, table_store

log = logging.getLogger(__name__)

_FILES = {"train": ("train",), "valid": ("valid", "val", "validation"), "test": ("test",)}
_SPREAD = {".gz": 10, ".csv": 2, ".tsv": 2}  # bytes in memory for one on disk, roughly


class Table(LightningDataModule):
    """A table with a column to predict.

    Args:
        root: A CSV (by gzip too), TSV or Parquet file; a folder of ``train``, ``valid`` and ``test`` ones; or, in Python, a frame
            of polars or pandas.
        target: Column to predict. Rows without it are left out and listed in ``rejected.csv``.
        kind: ``number``, ``class``, or ``auto``: texts, truth values and whole numbers of two values are classes.
        date: Column by which rows are split in time.
        date_parts: Use its parts as columns: month, week, day of the week ...
        categorical: Columns by name.
        continuous: Columns by name.
        columns: ``auto``: guess what the other columns are (``columns.csv`` in the run says what, and why); ``named``: leave them
            out.
        ignore: Columns to leave out.
        holidays: Place whose public holidays are told with the date, such as ``DE`` or ``DE-BY``.
        min_count: Rarer levels are unknown.
        split: ``time``: the last rows validate; ``group``; ``random``; ``auto``: by time where there is a date, by group where
            one is named, else by chance.
        split_column: Says train, valid or test of each row.
        group: Column whose values stay together, with ``split=group``.
        valid_fraction: Share of the rows that validates.
        test_fraction: Share of the rows for the test; 0: validation's are taken.
        valid_days: Days at the end that validate, instead of a share.
        train_rows: Draw this many of the training rows; ``None``: all.
        batch_size: Rows, on each process.
        seed: Of the split and the order.
        cache: Folder for tensors.
        max_gb: Memory that reading may take; a larger table is read a column, and a block of rows, at a time, and larger tensors
            are trained from in stretches.
        keep: Folder where ``steps.json`` is left for those who predict.
        report: Folder for ``columns.csv`` and ``rejected.csv``; ``None`` writes none.

    Shape:
        Batches ``((codes, numbers), y)``: ``int32 [B, categorical]``, ``float32 [B, continuous]``, ``float32`` or ``int64 [B]``.

    Raises:
        MisconfigurationException: A table that can't be used; the message says where, and what is wanted.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] | Any,
        target: str,
        kind: Kind = "auto",
        date: str | None = None,
        date_parts: bool = True,
        categorical: Sequence[str] = (),
        continuous: Sequence[str] = (),
        columns: str = "auto",
        ignore: Sequence[str] = (),
        holidays: str | None = None,
        min_count: int = 1,
        split: How = "auto",
        split_column: str | None = None,
        group: str | None = None,
        valid_fraction: float = 0.2,
        test_fraction: float = 0.0,
        valid_days: int | None = None,
        train_rows: int | None = None,
        batch_size: int = 1024,
        seed: int = 1,
        cache: str | os.PathLike[str] = "data/cache",
        max_gb: float = 4.0,
        keep: str | os.PathLike[str] | None = None,
        report: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__()
        for option, value, valid in (
            ("kind", kind, kind in get_args(Kind)),
            ("split", split, split in get_args(How)),
            ("columns", columns, columns in ("auto", "named")),
            ("min_count", min_count, min_count >= 1),
            ("valid_fraction", valid_fraction, 0 < valid_fraction < 1),
            ("test_fraction", test_fraction, 0 <= test_fraction < 1 - valid_fraction),
            ("valid_days", valid_days, valid_days is None or valid_days >= 1),
            ("train_rows", train_rows, train_rows is None or train_rows >= 1),
            ("batch_size", batch_size, batch_size >= 1),
            ("max_gb", max_gb, max_gb > 0),
        ):
            if not valid:
                raise MisconfigurationException(f"data.{option}={value} is out of range.")
        self.root = Path(root) if isinstance(root, str | os.PathLike) else root
        self.batch_size, self.seed, self.max_gb = batch_size, seed, max_gb
        self.cache = Path(cache)
        self.keep = None if keep is None else Path(keep)
        self.report = None if report is None else Path(report)
        self.recipe = Recipe(
            target, kind, date, date_parts, tuple(categorical), tuple(continuous), columns == "auto", tuple(ignore), holidays,
            min_count, split, split_column, group, valid_fraction, test_fraction, valid_days, train_rows, seed,
        )  # fmt: skip
        self.rejected: list[tuple[str, str]] = []
        self._store: TableStore | None = None
        self._new: tuple[pl.DataFrame, RowBatches] | None = None  # rows to predict

    predicts = "TABLE.csv"  # what ``predict.py`` is given, for the last table
    own: tuple[str, ...] = ("experiment=table", "data.root=TABLE.csv", "data.target=COLUMN")  # what to type for one's own

    # What is there ----------------------------------------------------------------------------------------------------

    def files(self) -> dict[str, Path]:
        """The files that are read, by split; a single one is called ``all``.

        Raises:
            MisconfigurationException: None.
        """
        if self.root.is_file():
            return {"all": self.root}
        if not self.root.is_dir():
            raise MisconfigurationException(f"data.root={self.root}: no such file or folder.")
        tables = {each.name.partition(".")[0].lower(): each for each in sorted(self.root.iterdir()) if is_table(each)}
        found = {split: tables[name] for split, names in _FILES.items() for name in names if name in tables}
        if "train" not in found:
            held = ", ".join(sorted(each.name for each in self.root.iterdir())[:8]) or "nothing"
            raise MisconfigurationException(f"data.root={self.root}: has no train.csv or train.parquet (it holds {held}).")
        return found

    @property
    def labelled_by(self) -> str:
        """The column whose absence tells that a file is only to be predicted."""
        return self.recipe.target

    def read(self) -> pl.LazyFrame:
        """The whole table, with a column of splits where they lie in files of their own."""
        if not isinstance(self.root, Path):
            return of_frame(self.root)
        files = self.files()
        if set(files) in ({"all"}, {"train"}):
            return read_table(next(iter(files.values())))
        parts = []
        for split, path in files.items():
            part = read_table(path)
            if self.labelled_by in part.collect_schema().names():
                parts.append(part.with_columns(pl.lit(split).alias("__split")))
            elif split != "test":
                require(path, part.collect_schema().names(), [self.labelled_by])
        return pl.concat(parts, how="diagonal_relaxed")

    def fingerprint(self) -> str:
        """SHA-256 of what :meth:`read` reads."""
        digest = hashlib.sha256(type(self).__name__.encode())
        if not isinstance(self.root, Path):
            for block in of_frame(self.root).collect().iter_slices(1 << 20):
                digest.update(block.hash_rows(seed=1).to_numpy().tobytes())
                digest.update(str(block.schema).encode())
            return digest.hexdigest()
        for split, path in self.files().items():
            digest.update(f"{split} {path.name}".encode())
            with open(path, "rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()

    def fits(self) -> bool:
        """Whether the table may be read at once."""
        if not isinstance(self.root, Path):
            return True
        size = sum(path.stat().st_size * _SPREAD.get(path.suffix.lower(), 4) for path in self.files().values())
        return size <= self.max_gb * 1e9

    def prepare_data(self) -> None:
        """Turn the table into tensors once a node. Not where only new rows are to be predicted."""
        if self._new is None:
            self._tensors()

    def whole_recipe(self) -> Recipe:
        """How the table becomes tensors, once it is known which files there are."""
        in_files = isinstance(self.root, Path) and self.recipe.split_column is None and len(self.files()) > 1
        if in_files and "__split" in self.read().collect_schema().names():
            return dataclasses.replace(self.recipe, split_column="__split")
        return self.recipe

    def _tensors(self) -> TableStore:
        if self._store is None:
            self._store = table_store(self.read, self.fingerprint(), self.whole_recipe(), self.cache, self._where, self.fits())
        return self._store

    @property
    def _where(self) -> object:
        return self.root if isinstance(self.root, Path) else "the table"

    def setup(self, stage: str | None = None) -> None:
        """Open the tensors; cheap after :meth:`prepare_data`."""
        if stage == "predict" or self._new is not None:
            return
        store = self._tensors()
        self.rejected = store.rejected
        if self.report is not None:
            write_csv(self.report / "columns.csv", ("column", "role", "why"), store.guesses)
            write_csv(self.report / "rejected.csv", ("row", "reason"), self.rejected)
        if self.rejected:
            row, reason = self.rejected[0]
            log.warning(f"{self._where}: {len(self.rejected):,} rows left out, e.g. {row}: {reason}.")
        if self.keep is not None:
            with atomic_write(self.keep / "steps.json") as beside:
                beside.write_text(store.steps.as_json(), encoding="utf-8")

    # What the model and the run need to know --------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """``categories`` (levels by column), ``continuous`` (names), and ``classes``, or ``target`` with a number's facts."""
        steps = self._tensors().steps
        facts: dict[str, Any] = {
            "categories": {name: each.levels for name, each in steps.categorical.items()},
            "continuous": steps.number_names,
        }
        return facts | ({"classes": steps.classes} if steps.classes is not None else {"target": steps.facts})

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the rows come from: source, rows of each split, columns, how many rows were left out, SHA-256."""
        store = self._tensors()
        return {
            "source": str(self._where),
            **{split: len(rows) for split, rows in store.rows.items()},
            "categorical": len(store.steps.categorical),
            "continuous": len(store.steps.number_names),
            "rejected": len(self.rejected),
            "sha256": store.sha256,
        }

    @property
    def tests_on(self) -> str:
        """The split that ``test`` measures: ``valid`` where there is no other."""
        return "test" if self._store is not None and "test" in self._store.rows else "valid"

    def originals(self, split: str) -> pl.DataFrame:
        """The rows of a split as they were read, in the order of its loader: ``valid``, ``test`` or ``predict``."""
        if split == "predict" and self._new is not None:
            return self._new[0]
        return self._tensors().originals(split)

    def row_columns(self, split: str) -> dict[str, list[Any]]:
        """The original columns, for a table of predictions."""
        return self.originals(split).to_dict(as_series=False)

    # Loaders ----------------------------------------------------------------------------------------------------------

    def _batches(self, split: str, shuffle: bool = False) -> RowBatches:
        store, trainer = self._tensors(), self.trainer
        if split not in store.rows:
            raise MisconfigurationException(f"No rows of the split {split}.")
        place = {"rank": trainer.global_rank, "world_size": trainer.world_size} if trainer else {}
        inputs = [torch.from_numpy(each) for each in (store.codes, store.numbers)]
        rows = torch.from_numpy(store.rows[split])
        size = self.batch_size if shuffle else 4 * self.batch_size  # nothing is kept for a backward pass
        large = store.codes.nbytes + store.numbers.nbytes > self.max_gb * 1e9
        return RowBatches(inputs, torch.from_numpy(store.targets), rows, size, shuffle, self.seed, near=large, **place)

    def _loader(self, batches: Any) -> StatefulDataLoader[Any]:
        # Each process's share is the data set's business: the sampler goes through all of it.
        return StatefulDataLoader(batches, batch_size=None, sampler=SeededSampler(batches, shuffle=False, seed=self.seed))

    def train_dataloader(self) -> StatefulDataLoader[Any]:
        """Training rows, in an order of its own each epoch."""
        return self._loader(self._batches("train", shuffle=True))

    def val_dataloader(self) -> StatefulDataLoader[Any]:
        """Validation rows."""
        return self._loader(self._batches("valid"))

    def test_dataloader(self) -> StatefulDataLoader[Any]:
        """Test rows; those of validation where there are no others."""
        return self._loader(self._batches(self.tests_on))

    # New rows ---------------------------------------------------------------------------------------------------------

    def predict_from(self, source: str | os.PathLike[str] | Any) -> None:
        """Take new rows for :meth:`predict_dataloader`.

        Args:
            source: A table as ``root`` is; its target, if there is one, is not looked at.

        Raises:
            MisconfigurationException: Not to be read, empty, or without a column that the model needs.
        """
        if self.keep is None:
            raise MisconfigurationException("data.keep is missing: the folder of the run, where its steps.json lies.")
        steps = TableSteps.from_json(self.keep / "steps.json")
        try:
            frame = self.new_rows(source).collect()
        except pl.exceptions.PolarsError as error:
            raise MisconfigurationException(f"input={source}: can't be read as a table: {error}") from error
        if not len(frame):
            raise MisconfigurationException(f"input={source}: holds no row.")
        where = f"input={source}" if isinstance(source, str | os.PathLike) else "the new rows"
        codes, numbers, unknown = steps.codes_and_numbers(self.completed(frame), where)
        for column, levels in unknown.items():
            log.warning(
                f"{where}: {len(levels):,} of {len(frame):,} rows have a {column} that training didn't ({levels[0]!r}); "
                "it counts as unknown."
            )
        targets = torch.full((len(frame),), float("nan"))
        inputs = [torch.from_numpy(each) for each in (codes, numbers)]
        self._new = frame, RowBatches(inputs, targets, batch_size=4 * self.batch_size)

    def new_rows(self, source: str | os.PathLike[str] | Any) -> pl.LazyFrame:
        """Read new rows as the training rows were read."""
        return read_table(Path(source)) if isinstance(source, str | os.PathLike) else of_frame(source)

    def completed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """New rows with what they may lack, for the model alone: their own columns are what stands beside predictions."""
        return frame

    def predict_dataloader(self) -> StatefulDataLoader[Any]:
        """The rows of :meth:`predict_from`, in their order."""
        if self._new is None:
            raise MisconfigurationException("No rows to predict: call predict_from(TABLE) first.")
        return self._loader(self._new[1])

    def predict_rows(self) -> list[dict[str, Any]]:
        """What each prediction is of: the row, whole."""
        return self.originals("predict").to_dicts()
