"""``metrics.csv``: every logged value by step, through resumes too.

**What it does.** What Lightning's ``CSVLogger`` does, but a resumed training continues the file: rows after the checkpoint
that it resumes from are dropped, as they will be logged again, so that each step is there once.

**When to use it.** Together with :class:`.LastCheckpoint`, which tells it where to continue.
"""

from __future__ import annotations

import csv
import io
import logging
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lightning_utilities.core.rank_zero import rank_zero_only
from practicum.lightning_shim import Logger
from torch import Tensor

from ..files.atomic_file import ESCAPE, atomic_write

log = logging.getLogger(__name__)

_WRITE_EVERY = 1.0  # seconds


class MetricsWriter:
    """Appends rows to a CSV; a new column rewrites the file atomically.

    A file that is there is replaced with the first row, unless :meth:`continue_after` is called before.

    Args:
        path: The CSV.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> writer = MetricsWriter(Path(folder.name) / "metrics.csv")
        >>> for step in range(3):
        ...     writer.log_metrics({"loss": 1 / (step + 1)}, step)
        >>> writer.save()
        >>> writer.continue_after(2)
        >>> [row["step"] for row in writer.read()]
        ['0', '1']
        >>> folder.cleanup()
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics: list[dict[str, Any]] = []  # not yet written
        self.columns: list[str] = []
        self.rows = 0
        self._begun = False  # an earlier run's file is replaced, but not before there is something to replace it with

    def log_metrics(self, metrics_dict: Mapping[str, Any], step: int | None = None) -> None:
        """Add a row; a missing ``step`` is the number of rows not yet written."""
        values = {name: value.item() if isinstance(value, Tensor) else value for name, value in metrics_dict.items()}
        self.metrics.append(values | {"step": len(self.metrics) if step is None else step})

    def save(self) -> None:
        """Write the rows added since the last time."""
        if not self.metrics:
            return
        rows, self.metrics = self.metrics, []
        if new := sorted(set().union(*rows) - set(self.columns)):
            earlier = self.read() if self._begun else []
            self.columns = sorted([*self.columns, *new])
            self._rewrite([*earlier, *rows])
        else:
            with open(self.path, "a", newline="", encoding="utf-8", errors=ESCAPE) as file:
                csv.DictWriter(file, self.columns).writerows(rows)
        self.rows += len(rows)

    def continue_after(self, rows: int) -> None:
        """Keep the first ``rows`` rows of the file that is there, and drop the rest; warn where some of them are lost."""
        self.metrics = []
        kept = self._sound_rows()[:rows]
        if len(kept) < rows:
            upto = f"up to step {kept[-1]['step']}" if kept else "none"
            log.warning(
                f"{self.path}: of the {rows:,} rows logged before this run stopped {len(kept):,} are left ({upto}): the file and "
                "the curves have a gap after them. The training itself continues exactly."
            )
        self.columns = sorted(kept[0]) if kept else []
        self.rows = len(kept)
        self._rewrite(kept)

    def read(self) -> list[dict[str, Any]]:
        """Return the rows of the file."""
        with open(self.path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def _sound_rows(self) -> list[dict[str, Any]]:
        """Rows of the file up to one that was cut off or overwritten by zeros, as a power cut leaves them."""
        if not self.path.is_file():
            return []
        text = self.path.read_bytes().partition(b"\0")[0].decode("utf-8", errors="replace")
        whole = text[: text.rfind("\n") + 1]
        rows: list[dict[str, Any]] = []
        for row in csv.DictReader(io.StringIO(whole, newline="")):
            if None in row or None in row.values() or not str(row.get("step")).lstrip("-").isdigit():
                break
            rows.append(row)
        return rows

    def sync(self) -> None:
        """Write the rows added since the last time, and wait until the file is on the disk."""
        self.save()
        if self.path.is_file():
            with open(self.path, "rb+") as file:  # Windows syncs only what is open for writing
                os.fsync(file.fileno())

    def _rewrite(self, rows: list[dict[str, Any]]) -> None:
        with atomic_write(self.path) as beside, open(beside, "w", newline="", encoding="utf-8", errors=ESCAPE) as file:
            writer = csv.DictWriter(file, self.columns)
            writer.writeheader()
            writer.writerows(rows)
        self._begun = True


class RunLog(Logger):
    """Writes ``metrics.csv`` into a folder.

    Args:
        folder: Folder of ``metrics.csv``. A file that is there is replaced, unless a training is resumed.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from practicum.callbacks import RunLog
        >>> folder = tempfile.TemporaryDirectory()
        >>> logger = RunLog(folder.name)  # Trainer(logger=logger)
        >>> logger.log_metrics({"train/loss": 0.5}, step=0)
        >>> logger.rows
        1
        >>> (Path(folder.name) / "metrics.csv").read_text().split()
        ['step,train/loss', '0,0.5']
        >>> folder.cleanup()
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        self.folder = Path(folder)
        self._writer: MetricsWriter | None = None
        self._written = -math.inf  # when

    @property
    def name(self) -> str:
        """Empty: the folder is the run's."""
        return ""

    @property
    def version(self) -> str:
        """Empty: the folder is the run's."""
        return ""

    @property
    def save_dir(self) -> str:
        """The folder."""
        return os.fspath(self.folder)

    root_dir = log_dir = save_dir

    @property
    def experiment(self) -> Any:
        """The writer."""
        if self._writer is None:
            self._writer = MetricsWriter(self.folder / "metrics.csv")
        return self._writer

    def log_hyperparams(self, params: Any = None) -> None:
        """Write nothing: Hydra keeps the settings in ``.hydra``."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Add a row. Rows are written every second, as opening the file takes as long as a small step; the last at the end."""
        self.experiment.log_metrics(metrics, step)
        if time.monotonic() >= self._written + _WRITE_EVERY:
            self.experiment.save()
            self._written = time.monotonic()

    @property
    def rows(self) -> int:
        """Number of rows written, all of which are on the disk: a checkpoint that counts them must not be ahead of them."""
        self.experiment.sync()
        return int(self.experiment.rows)

    @rank_zero_only
    def continue_after(self, rows: int) -> None:
        """Keep the first ``rows`` rows of the file that is there, and continue after them."""
        self.experiment.continue_after(rows)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.save()
