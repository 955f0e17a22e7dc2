"""What data modules of rows say about themselves: provenance, splits, source rows, fitted preprocessing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import polars as pl

from .preprocessor import TablePreprocessor
from .table_cache import TableArrays


class TableFacts(ABC):
    """Mixin of data modules that hold :class:`.TableArrays`.

    Attributes:
        root: Path or frame that was given.
        artifacts_dir: Folder of ``steps.json``, or ``None``.
    """

    root: Any
    artifacts_dir: Path | None
    _arrays: TableArrays | None = None

    @abstractmethod
    def arrays(self) -> TableArrays:
        """The table as arrays: from memory, from the cache, or built now."""

    @property
    def origin(self) -> str:
        """What messages and the provenance call the table."""
        return str(self.root) if isinstance(self.root, Path) else "the table"

    @property
    def provenance(self) -> dict[str, Any]:
        """Source, rows of each split, number of columns, rows left out, SHA-256."""
        return self.arrays().provenance(self.origin)

    @property
    def tests_on(self) -> str:
        """The split that ``test`` uses: ``valid`` if there is no other."""
        return "test" if self._arrays is not None and "test" in self._arrays.rows else "valid"

    def source_rows(self, split: str) -> pl.DataFrame:
        """The rows of ``valid`` or ``test`` as they were read, in the order of the loader."""
        return self.arrays().source_rows(split)

    def row_columns(self, split: str) -> dict[str, list[Any]]:
        """The columns of :meth:`source_rows`, to be written beside the predictions."""
        return self.source_rows(split).to_dict(as_series=False)

    def steps(self) -> TablePreprocessor:
        """The fitted preprocessing: ``steps.json`` of ``artifacts_dir`` if that is set, else the arrays'."""
        if self.artifacts_dir is None:
            return self.arrays().steps
        return TablePreprocessor.from_json(self.artifacts_dir / "steps.json")
