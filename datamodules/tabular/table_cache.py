"""A table's arrays, built once and cached on disk as memory-mapped files, so that they may be larger than memory."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from filelock import FileLock

from ..files.atomic_file import atomic_write
from ..files.csv_files import write_csv
from .column_roles import ColumnRole
from .preprocessor import TablePreprocessor
from .readers import unreadable
from .splits import SPLITS
from .table_build import build_arrays
from .table_config import TableConfig

log = logging.getLogger(__name__)

_VERSION = 3  # of the files: they are built anew after a change of their format


@dataclass
class TableArrays:
    """A table as arrays.

    Attributes:
        codes: ``int32 [rows, categorical]``.
        numbers: ``float32 [rows, continuous]``.
        targets: ``float32`` or ``int64 [rows]``.
        weights: ``float32 [rows]``, or ``None``.
        rows: Row numbers of each split, ascending.
        steps: The preprocessing that made them.
        roles: Role of each column.
        rejected: Rows left out, with the reason.
        sha256: Hash of contents and configuration.
        folder: Where they are stored.
    """

    codes: np.ndarray[Any, Any]
    numbers: np.ndarray[Any, Any]
    targets: np.ndarray[Any, Any]
    weights: np.ndarray[Any, Any] | None
    rows: dict[str, np.ndarray[Any, Any]]
    steps: TablePreprocessor
    roles: list[ColumnRole]
    rejected: list[tuple[str, str]]
    sha256: str
    folder: Path = field(repr=False, default=Path())

    def source_rows(self, split: str) -> pl.DataFrame:
        """The rows of ``valid`` or ``test`` as they were read."""
        return pl.read_parquet(self.folder / f"{split}.parquet")

    def provenance(self, source: object) -> dict[str, Any]:
        """Flat facts for a run's record: source, rows of each split, number of columns, rows left out, SHA-256."""
        return {
            "source": str(source),
            **{split: len(rows) for split, rows in self.rows.items()},
            "categorical": len(self.steps.categorical),
            "continuous": len(self.steps.number_names),
            "rejected": len(self.rejected),
            "sha256": self.sha256,
        }

    def write_artifacts(self, source: object, report_dir: Path | None, artifacts_dir: Path | None) -> None:
        """Write what a run keeps of the table, and warn if rows were left out.

        Args:
            source: The table's origin, for the warning.
            report_dir: Folder for ``columns.csv`` and ``rejected.csv``; ``None`` writes none.
            artifacts_dir: Folder for ``steps.json``, the preprocessing that prediction needs; ``None`` writes none.
        """
        if report_dir is not None:
            write_csv(report_dir / "columns.csv", ColumnRole._fields, self.roles)
            write_csv(report_dir / "rejected.csv", ("row", "reason"), self.rejected)
        if self.rejected:
            row, reason = self.rejected[0]
            log.warning(f"{source}: {len(self.rejected):,} rows left out, e.g. {row}: {reason}.")
        if artifacts_dir is not None:
            with atomic_write(artifacts_dir / "steps.json") as beside:
                beside.write_text(self.steps.to_json(), encoding="utf-8")


def table_arrays(
    read: Callable[[], pl.LazyFrame], fingerprint: str, config: TableConfig, cache: Path, where: object, fits: bool = True
) -> TableArrays:
    """Open a table's arrays; build them if they are not in the cache.

    Args:
        read: Reads the table.
        fingerprint: Hash of its contents.
        config: How it becomes arrays.
        cache: Folder of the cache. Each table gets a folder in it, which appears only once it is complete.
        where: The table's origin, for messages.
        fits: Whether the table fits in memory; otherwise one column, or one block of rows, is read at a time.

    Raises:
        MisconfigurationException: The table can't be used.
    """
    key = hashlib.sha256(json.dumps([_VERSION, fingerprint, asdict(config)], default=list).encode()).hexdigest()
    place = cache / f"table-{key[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f".{place.name}.lock"):
        if not place.is_dir():
            work = cache / f".unfinished-{place.name}"
            shutil.rmtree(work, ignore_errors=True)  # left by a process that was killed
            work.mkdir()
            try:
                frame, copy = read(), work / "source.parquet"
                if not fits:  # Parquet gives single columns and blocks of rows
                    frame.sink_parquet(copy)
                build_arrays(frame.collect().lazy() if fits else pl.scan_parquet(copy), config, where, key, work)
                copy.unlink(missing_ok=True)
                work.rename(place)
            except pl.exceptions.PolarsError as error:
                raise unreadable(where, error) from error
            finally:
                shutil.rmtree(work, ignore_errors=True)
    return _open(place)


def _open(place: Path) -> TableArrays:
    facts = json.loads((place / "facts.json").read_text(encoding="utf-8"))
    split, weights = np.load(place / "split.npy"), place / "weights.npy"
    return TableArrays(
        np.load(place / "codes.npy", mmap_mode="c"),
        np.load(place / "numbers.npy", mmap_mode="c"),
        np.load(place / "targets.npy", mmap_mode="c"),
        np.load(weights, mmap_mode="c") if weights.is_file() else None,
        {name: rows for number, name in enumerate(SPLITS) if len(rows := np.flatnonzero(split == number))},
        TablePreprocessor.from_json(place / "steps.json"),
        [ColumnRole(*each) for each in facts["roles"]],
        [(name, reason) for name, reason in facts["rejected"]],
        facts["sha256"],
        place,
    )
