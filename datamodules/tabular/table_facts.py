"""What all data modules of rows have: loaders, provenance, splits, source rows, fitted preprocessing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
from torchdata.stateful_dataloader import StatefulDataLoader

from ..files.archive import without_zip
from .new_rows import NewRows, TableSource, columns_beside, source_name
from .preprocessor import TablePreprocessor
from .row_targets import row_targets
from .show_batch import batch_frame
from .split_files import split_files
from .table_cache import TableArrays


class TableFacts(ABC):
    """Mixin of data modules that hold :class:`.TableArrays`.

    Attributes:
        root: Path or frame that was given.
        artifacts_dir: Folder of ``steps.json``, or ``None``.
    """

    root: Any
    cache: Path
    artifacts_dir: Path | None
    _arrays: TableArrays | None = None

    @abstractmethod
    def arrays(self) -> TableArrays:
        """The table as arrays: from memory, from the cache, or built now."""

    @abstractmethod
    def _loader(self, split: str, shuffle: bool = False) -> StatefulDataLoader[Any]:
        """Batches of a split."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Facts that a model may need."""

    def show_batch(self, count: int = 8) -> pl.DataFrame:
        """The first training rows of an epoch as a network gets them: categories by name, numbers scaled.

        Args:
            count: Rows, at most.

        Raises:
            MisconfigurationException: ``count`` is below 1.
        """
        return batch_frame(next(iter(self.train_dataloader())), self.describe(), count)

    @abstractmethod
    def for_prediction(self, source: Any) -> NewRows:
        """New rows as a data module of their own."""

    def for_scoring(self, source: TableSource | Sequence[TableSource], classes: Sequence[str] = ()) -> NewRows:
        """As :meth:`for_prediction`, with what the target's column holds as ``targets``.

        Args:
            source: As for :meth:`for_prediction`, with the target's column.
            classes: Not needed: ``steps.json`` has them.

        Raises:
            MisconfigurationException: The column is missing, a row has no target, or a class is none of training's.
        """
        new = self.for_prediction(source)
        new.targets = row_targets(new.plain, self.steps(), source_name(source))
        return new

    def files(self) -> dict[str, Path]:
        """The files that are read, by split; empty for a frame. A zip file is extracted first.

        Raises:
            MisconfigurationException: There are none.
        """
        return split_files(without_zip(self.root, self.cache)) if isinstance(self.root, Path) else {}

    @property
    def origin(self) -> str:
        """What messages and the provenance call the table."""
        return str(self.root) if isinstance(self.root, Path) else "the table"

    @property
    def provenance(self) -> dict[str, Any]:
        """Source, rows of each split, number of columns, rows in two splits, rows left out, SHA-256."""
        return self.arrays().provenance(self.origin)

    @property
    def tests_on(self) -> str:
        """The split that ``test`` uses: ``valid`` if there is no other."""
        return "test" if self._arrays is not None and "test" in self._arrays.rows else "valid"

    def source_rows(self, split: str) -> pl.DataFrame:
        """The rows of ``valid`` or ``test`` as they were read, in the order of the loader."""
        return self.arrays().source_rows(split)

    def row_columns(self, split: str) -> dict[str, list[Any]]:
        """The columns of :meth:`source_rows`, to be written beside the predictions; see :func:`.columns_beside`."""
        return columns_beside(self.source_rows(split))

    def steps(self) -> TablePreprocessor:
        """The fitted preprocessing: ``steps.json`` of ``artifacts_dir`` if that is set, else the arrays'."""
        if self.artifacts_dir is None:
            return self.arrays().steps
        return TablePreprocessor.from_json(self.artifacts_dir / "steps.json")

    def prepare_data(self) -> None:
        """Build the arrays, once per node."""
        self.arrays()

    def train_dataloader(self) -> StatefulDataLoader[Any]:
        """Training rows, shuffled anew each epoch."""
        return self._loader("train", shuffle=True)

    def val_dataloader(self) -> StatefulDataLoader[Any]:
        """Validation rows."""
        return self._loader("valid")

    def test_dataloader(self) -> StatefulDataLoader[Any]:
        """Test rows; those of validation if there are none."""
        return self._loader(self.tests_on)
