"""A table's arrays, built once and cached on disk as memory-mapped files, so that they may be larger than memory."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from filelock import FileLock

from ..files.atomic_file import atomic_write
from ..files.csv_files import write_csv
from ..files.csv_format import CSVFormat
from ..files.say_once import SENTENCES, keep_sentences, say_again
from .array_files import disk_error, find_damage, is_full, seal
from .column_roles import ColumnRole
from .preprocessor import TablePreprocessor
from .readers import POLARS_ERRORS, unreadable
from .source_table import SourceTable
from .splits import SPLITS
from .table_build import build_arrays
from .table_config import TableConfig

log = logging.getLogger(__name__)

_VERSION = 14  # of the files: they are built anew after a change of their format, or of how tables are read


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
        notes: Sentences on what was guessed, each with its level.
        leaked: How many rows of ``valid`` and ``test`` are in another split, too, see :func:`.repeated_rows`.
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
    notes: list[tuple[str, str]] = field(default_factory=list)
    leaked: dict[str, int] = field(default_factory=dict)
    folder: Path = field(repr=False, default=Path())
    _said: bool = field(default=False, init=False, repr=False)  # a run is set up for its fit, its refit and its test

    def source_rows(self, split: str) -> pl.DataFrame:
        """The rows of ``valid`` or ``test`` as they were read, numbers without their units."""
        return pl.read_parquet(self.folder / f"{split}.parquet")

    def provenance(self, source: object) -> dict[str, Any]:
        """Flat facts for a run's record: source, an unusual format of it, splits, columns, leaks, rows left out, SHA-256."""
        unusual = None if self.steps.csv is None else CSVFormat.from_dict(self.steps.csv).unusual()
        return {
            "source": str(source),
            **{split: len(rows) for split, rows in self.rows.items()},
            "categorical": len(self.steps.categorical),
            "continuous": len(self.steps.number_names),
            **{f"leaked/{split}": count for split, count in self.leaked.items()},
            "rejected": len(self.rejected),
            **({} if unusual is None else {"csv": unusual}),
            "sha256": self.sha256,
        }

    def write_artifacts(self, source: object, report_dir: Path | None, artifacts_dir: Path | None) -> None:
        """Write what a run keeps of the table; the first time also warn if rows were left out, and say what was guessed.

        Args:
            source: The table's origin, for the warning.
            report_dir: Folder for ``columns.csv`` and ``rejected.csv``; ``None`` writes none.
            artifacts_dir: Folder for ``steps.json``, the preprocessing that prediction needs; ``None`` writes none.
        """
        if report_dir is not None:
            write_csv(report_dir / "columns.csv", ColumnRole._fields, self.roles)
            write_csv(report_dir / "rejected.csv", ("row", "reason"), self.rejected)
        if artifacts_dir is not None:
            with atomic_write(artifacts_dir / "steps.json") as beside:
                beside.write_text(self.steps.to_json(), encoding="utf-8")
        if self._said:
            return
        self._said = True
        if self.rejected:
            row, reason = self.rejected[0]
            log.warning(f"{source}: {len(self.rejected):,} rows left out, e.g. {row}: {reason}.")
        for level, note in self.notes:
            getattr(log, level)(note)


def table_arrays(
    read: Callable[[], SourceTable], fingerprint: str, config: TableConfig, cache: Path, where: object, fits: bool = True
) -> TableArrays:
    """Open a table's arrays; build them if they are not in the cache, or damaged there.

    Args:
        read: Reads the table.
        fingerprint: Hash of its contents.
        config: How it becomes arrays.
        cache: Folder of the cache. Each table gets a folder in it, which appears only once it is complete.
        where: The table's origin, for messages.
        fits: Whether the table fits in memory; otherwise one column, or one block of rows, is read at a time.

    Raises:
        MisconfigurationException: The table can't be used, or the cache can't be written.
    """
    key = hashlib.sha256(json.dumps([_VERSION, fingerprint, asdict(config)], default=list).encode()).hexdigest()
    place = cache / f"table-{key[:16]}"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f".{place.name}.lock"):
            damage = find_damage(place) if place.is_dir() else None
            if damage is not None:
                log.warning(f"{place}: the cached table is damaged ({damage}); it is made anew.")
            if place.is_dir() and (damage is not None or not (place / SENTENCES).is_file()):  # of before there were sentences
                shutil.rmtree(place)
            if not place.is_dir():
                _build(read, config, where, key, place, fits)
            return _open(place)
    except OSError as error:
        raise disk_error(cache, error) from error


def _build(read: Callable[[], SourceTable], config: TableConfig, where: object, key: str, place: Path, fits: bool) -> None:
    work = place.with_name(f".unfinished-{place.name}")
    shutil.rmtree(work, ignore_errors=True)  # left by a process that was killed
    work.mkdir()
    try:
        with keep_sentences(work):
            source, copy = read(), work / "source.parquet"
            if fits:
                frame = source.frame.collect().lazy()
            else:  # Parquet gives single columns and blocks of rows
                source.frame.sink_parquet(copy)
                frame = pl.scan_parquet(copy)
            build_arrays(replace(source, frame=frame), config, where, key, work)
        copy.unlink(missing_ok=True)
        seal(work)
        work.rename(place)
    except POLARS_ERRORS as error:
        raise disk_error(place.parent, error) if is_full(error) else unreadable(where, error) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _open(place: Path) -> TableArrays:
    say_again(place)
    facts = json.loads((place / "facts.json").read_text(encoding="utf-8"))
    split, weights = np.load(place / "split.npy"), place / "weights.npy"
    return TableArrays(
        _load(place / "codes.npy"),
        _load(place / "numbers.npy"),
        _load(place / "targets.npy"),
        _load(weights) if weights.is_file() else None,
        {name: rows for number, name in enumerate(SPLITS) if len(rows := np.flatnonzero(split == number))},
        TablePreprocessor.from_json(place / "steps.json"),
        [ColumnRole(*each) for each in facts["roles"]],
        [(name, reason) for name, reason in facts["rejected"]],
        facts["sha256"],
        [(level, note) for level, note in facts["notes"]],
        facts["leaked"],
        place,
    )


def _load(path: Path) -> np.ndarray[Any, Any]:
    return np.load(path, mmap_mode="c")
