"""``metrics.csv``: every logged value by step, through resumes too.

**What it does.** Lightning's ``CSVLogger``, except that a training that is resumed goes on with the file: rows after the
checkpoint it goes on from are dropped, as they will come again, so that each step is there once.

**When to use it.** Together with :class:`.LastCheckpoint`, which tells it where to go on.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

from lightning_utilities.core.rank_zero import rank_zero_only
from practicum.lightning_shim import CSVLogger, ExperimentWriter

from .atomic_file import atomic_write


class _Writer(ExperimentWriter):
    """Appends rows; a column that is new rewrites the file, whole or not at all."""

    def __init__(self, log_dir: str) -> None:
        super().__init__(log_dir)
        self.path = Path(self.metrics_file_path)
        self.rows = 0
        self._begun = False  # a file of an earlier run is replaced, but not before there is something to replace it with

    def _check_log_dir_exists(self) -> None:
        """Whatever else is in the folder is not ours."""

    def save(self) -> None:
        if not self.metrics:
            return
        rows, self.metrics = self.metrics, []
        if new := sorted(set().union(*rows) - set(self.metrics_keys)):
            earlier = self._read() if self._begun else []
            self.metrics_keys = sorted([*self.metrics_keys, *new])
            self._rewrite([*earlier, *rows])
        else:
            with open(self.path, "a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, self.metrics_keys).writerows(rows)
        self.rows += len(rows)

    def go_on_after(self, rows: int) -> None:
        """Keep the first ``rows`` of the file that is there."""
        self.metrics = []
        kept = self._read()[:rows] if self.path.is_file() else []
        self.metrics_keys = sorted(kept[0]) if kept else []
        self.rows = len(kept)
        self._rewrite(kept)

    def _read(self) -> list[dict[str, Any]]:
        with open(self.path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def _rewrite(self, rows: list[dict[str, Any]]) -> None:
        with atomic_write(self.path) as beside, open(beside, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.metrics_keys)
            writer.writeheader()
            writer.writerows(rows)
        self._begun = True


class RunLog(CSVLogger):
    """Writes ``metrics.csv`` into a folder.

    Args:
        folder: Where. A ``metrics.csv`` that is there is replaced, unless a training is resumed.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__(os.fspath(folder), name="", version="")

    @property
    def experiment(self) -> Any:
        """The writer."""
        if self._experiment is None:
            self._experiment = _Writer(self.log_dir)
        return self._experiment

    def log_hyperparams(self, params: Any = None) -> None:
        """Settings get no file of their own: Hydra keeps them in ``.hydra``."""

    @property
    def rows(self) -> int:
        """How many rows have been written."""
        self.save()
        return int(self.experiment.rows)

    @rank_zero_only
    def go_on_after(self, rows: int) -> None:
        """Keep the first ``rows`` of the file that is there, and go on after them."""
        self.experiment.go_on_after(rows)
