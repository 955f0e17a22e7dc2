"""Tables as a LightningDataModule: named or inferred columns, preprocessing fitted on training rows, batches by index."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl
from practicum.lightning_shim import LightningDataModule, MisconfigurationException
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.csv_format import DETECT_TABLE, check_csv_format
from ..loading.batch_loader import batch_loader
from .continuous import Scaling
from .date_formats import check_format
from .date_parts import DateParts
from .new_rows import NewRows, TableSource, encode_rows, read_new_rows, source_name
from .row_batches import RowBatches
from .source_table import SPLIT_COLUMN, SourceTable, read_files, read_frame
from .split_batches import split_batches
from .split_files import fit_in_memory, hash_files, hash_frame
from .splits import SplitStrategy
from .table_cache import TableArrays, table_arrays
from .table_config import Kind, TableConfig, check_row_options
from .table_facts import TableFacts
from .training_length import choose_batch_size, choose_epochs


class Table(TableFacts, LightningDataModule):
    """A table with a column to predict.

    Args:
        root: A CSV (also gzipped), TSV or Parquet file; a folder with ``train``, ``test`` and, optionally, ``valid`` files;
            a zip file of these; or a frame of polars or pandas.
        target: Column to predict. Rows without it are left out and listed in ``rejected.csv``.
        kind: ``number``, ``class``, or ``auto``: strings, booleans and integers with two distinct values are classes.
        date: Column of dates, by which rows are split.
        date_format: Their format, such as ``%d/%m/%Y``, or ``epoch_s`` or ``epoch_ms`` for numbers since 1970, see
            :mod:`.date_formats`; ``None``: the one that all dates have. What is ambiguous is a warning. New rows have it too.
        date_parts: Parts of the date to use as columns: ``all`` (month, week, day of week ...), ``cyclic`` (the place in the year
            and the week, days since 1970), or none (false); see :mod:`.date_parts`.
        categorical: Categorical columns.
        continuous: Continuous columns.
        columns: ``auto`` infers the roles of all other columns (``columns.csv`` lists them with reasons); ``named`` ignores them.
        ignore: Columns to ignore.
        holidays: Place whose public holidays become a column, such as ``DE`` or ``DE-BY``.
        scaling: What numbers are scaled by: ``standard``, mean and standard deviation; ``robust``, median and quartiles, which
            outliers do not move.
        min_count: Categories that are rarer in training count as unknown.
        split: ``time``: the last rows validate; ``group``; ``random``; ``auto``: by time if there is a date, by group if one is
            named, else at random.
        split_column: Column that names each row's split: train, valid or test.
        group: Column whose values stay on one side of the split, for ``split=group``.
        valid_fraction: Fraction of the rows for validation.
        test_fraction: Fraction of the rows for the test; 0: the test uses validation's rows; ``None``: a tenth where there are
            500 rows or more, unless ``split_column``, files or ``valid_days`` say what validates.
        valid_days: Days at the end to validate on, instead of a fraction.
        train_rows: Size of a random sample of the training rows; ``None``: all.
        batch_size: Rows per batch and process; ``None``: chosen by the number of training rows, see :mod:`.training_length`.
        seed: Seed of the split and of the order.
        cache: Folder for cached arrays.
        csv_format: What is known of a text table's format: ``delimiter``, ``quote``, ``decimal``, ``encoding``, ``header``
            (absent: detected), and of missing values: ``na_values``, ``keep_default_na``. New rows are read in the same format.
        max_gb: Memory that reading may take. A larger table is read one column, or block of rows, at a time, and larger arrays
            are shuffled by blocks.
        artifacts_dir: Folder for ``steps.json``, which prediction needs; ``None`` writes none.
        report_dir: Folder for ``columns.csv`` and ``rejected.csv``; ``None`` writes none.

    Attributes:
        train_on_validation: Whether validation's rows are among the training loader's: for a last training, after all choices.

    Shape:
        Batches ``((codes, numbers), y)``: ``int32 [B, categorical]``, ``float32 [B, continuous]``, ``float32`` or ``int64 [B]``.

    Raises:
        MisconfigurationException: An option is out of range, or the table can't be used.

    Example:
        >>> import tempfile
        >>> import polars as pl
        >>> from practicum.datamodules import Table
        >>> numbers = pl.arange(100, eager=True)
        >>> frame = pl.DataFrame({"kind": ["a", "b"] * 50, "size": numbers / 7, "price": numbers / 3})
        >>> data = Table(frame, target="price", batch_size=16, cache=tempfile.mkdtemp())
        >>> data.prepare_data()
        >>> data.setup("fit")
        >>> (codes, numbers), y = next(iter(data.train_dataloader()))
        >>> codes.shape, numbers.shape, y.shape
        (torch.Size([16, 1]), torch.Size([16, 1]), torch.Size([16]))
        >>> data.describe()["categories"], data.describe()["continuous"]
        ({'kind': ['a', 'b']}, ['size'])
        >>> data.for_prediction(pl.DataFrame({"kind": ["b"], "size": [1.0]})).row_columns()
        {'kind': ['b'], 'size': [1.0]}
    """

    train_on_validation: bool = False

    def __init__(
        self,
        root: TableSource,
        target: str,
        kind: Kind = "auto",
        date: str | None = None,
        date_format: str | None = None,
        date_parts: DateParts | Literal[False] = "all",
        categorical: Sequence[str] = (),
        continuous: Sequence[str] = (),
        columns: str = "auto",
        ignore: Sequence[str] = (),
        holidays: str | None = None,
        scaling: Scaling = "standard",
        min_count: int = 1,
        split: SplitStrategy = "auto",
        split_column: str | None = None,
        group: str | None = None,
        valid_fraction: float = 0.2,
        test_fraction: float | None = None,
        valid_days: int | None = None,
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
        for option, value, choices in (
            ("kind", kind, get_args(Kind)),
            ("split", split, get_args(SplitStrategy)),
            ("columns", columns, ("auto", "named")),
            ("scaling", scaling, get_args(Scaling)),
        ):
            if value not in choices:
                raise MisconfigurationException(f"{type(self).__name__}: {option}={value} must be one of {', '.join(choices)}.")
        check_row_options(
            type(self).__name__,
            min_count=min_count,
            valid_fraction=valid_fraction,
            test_fraction=test_fraction,
            valid_days=valid_days,
            train_rows=train_rows,
            batch_size=batch_size,
            max_gb=max_gb,
        )
        check_format(type(self).__name__, date_format)
        self.root = Path(root) if isinstance(root, str | os.PathLike) else root
        self.batch_size, self.seed, self.max_gb = batch_size, seed, max_gb
        self.cache = Path(cache)
        self.artifacts_dir = None if artifacts_dir is None else Path(artifacts_dir)
        self.report_dir = None if report_dir is None else Path(report_dir)
        self.config = TableConfig(
            target=target,
            kind=kind,
            date=date,
            date_format=date_format,
            date_parts=date_parts,
            categorical=tuple(categorical),
            continuous=tuple(continuous),
            infer_roles=columns == "auto",
            ignore=tuple(ignore),
            holidays=holidays,
            scaling=scaling,
            min_count=min_count,
            strategy=split,
            split_column=split_column,
            group=group,
            valid_fraction=valid_fraction,
            test_fraction=test_fraction,
            valid_days=valid_days,
            train_rows=train_rows,
            seed=seed,
            csv_format=check_csv_format(csv_format),
        )
        self.rejected: list[tuple[str, str]] = []  # filled by setup

    # Reading ----------------------------------------------------------------------------------------------------------

    def source_table(self) -> SourceTable:
        """The whole table, with what was found out in reading it; it has a column of splits if each split has a file."""
        files = self.files()
        if not files:
            return read_frame(self.root, self.config.csv_format)
        return read_files(files, self.config.target, self.config.csv_format, self._may_use)

    def _may_use(self, column: str) -> bool:
        """Whether a column is named, or may be learnt from unnamed."""
        return column not in self.config.ignore and (self.config.infer_roles or column in self.config.columns)

    def read(self) -> pl.LazyFrame:
        """The whole table; with a column of splits if each split has a file."""
        return self.source_table().frame

    def fits(self) -> bool:
        """Whether the table may be read at once."""
        return fit_in_memory(self.files(), self.max_gb)

    def table_config(self) -> TableConfig:
        """The configuration, completed by what the files say."""
        if self.config.split_column is None and len(self.files()) > 1:
            lacking = "valid" not in self.files()
            return dataclasses.replace(self.config, split_column=SPLIT_COLUMN, valid_from_train=lacking)
        return self.config

    def arrays(self) -> TableArrays:
        """The table as arrays: from memory, from the cache, or built now."""
        if self._arrays is None:
            files, salt = self.files(), type(self).__name__
            fingerprint = hash_files(files, salt) if files else hash_frame(self.root, salt)
            self._arrays = table_arrays(self.source_table, fingerprint, self.table_config(), self.cache, self.origin, self.fits())
        return self._arrays

    def setup(self, stage: str | None = None) -> None:
        """Open the arrays, which is cheap after :meth:`prepare_data`, and write the reports and ``steps.json``."""
        if stage != "predict":
            arrays = self.arrays()
            self.rejected = arrays.rejected
            arrays.write_artifacts(self.origin, self.report_dir, self.artifacts_dir)

    # Facts ------------------------------------------------------------------------------------------------------------

    def describe(self) -> dict[str, Any]:
        """``categories`` (by column), ``continuous`` (names), and ``classes``, or ``target`` with a number's statistics."""
        steps = self.arrays().steps
        facts: dict[str, Any] = {
            "categories": {name: each.categories for name, each in steps.categorical.items()},
            "continuous": steps.number_names,
        }
        return facts | ({"classes": steps.classes} if steps.classes is not None else {"target": steps.target_stats})

    # Length of a training ---------------------------------------------------------------------------------------------

    def rows_per_batch(self) -> int:
        """``batch_size``, or what is chosen in its place."""
        return choose_batch_size(len(self.arrays().rows["train"])) if self.batch_size is None else self.batch_size

    def suggested_epochs(self) -> int:
        """A number of epochs that suits the number of training rows, see :func:`.choose_epochs`."""
        return choose_epochs(len(self.arrays().rows["train"]), self.rows_per_batch())

    # Loaders ----------------------------------------------------------------------------------------------------------

    def _loader(self, split: str, shuffle: bool = False) -> StatefulDataLoader[Any]:
        arrays = self.arrays()
        batches = split_batches(
            arrays,
            (arrays.codes, arrays.numbers),
            split,
            self.rows_per_batch(),
            shuffle,
            self.seed,
            self.max_gb,
            self.trainer,
            also=("valid",) if shuffle and self.train_on_validation else (),
        )
        return batch_loader(batches, self.seed)

    # Prediction -------------------------------------------------------------------------------------------------------

    def for_prediction(self, source: TableSource | Sequence[TableSource]) -> NewRows:
        """New rows as a data module of their own.

        Args:
            source: A file, or a frame of polars or pandas, with the columns of the training table; the target is not needed.
                Or several, whose rows come one after another.

        Raises:
            MisconfigurationException: It can't be read, is empty, or lacks a column that the model needs.
        """
        steps = self.steps()
        target = [] if steps.classes is not None else [steps.target]
        rows = read_new_rows(source, steps, self.config.csv_format, more_numbers=target)
        codes, numbers, targets = encode_rows(rows.plain, steps, source_name(source))
        batches = RowBatches([codes, numbers], targets, batch_size=4 * (self.batch_size or 1024))
        return NewRows(rows.written, batches, rows.plain)
