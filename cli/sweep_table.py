"""End a sweep with a table of all its runs."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf


def collect_runs(folder: Path) -> list[dict[str, Any]]:
    """Collect one row per run below ``folder``: its overrides, and every number of its ``metrics.json``.

    Args:
        folder: The sweep's folder.

    Returns:
        Rows in the order of the runs' numbers; a run that did not finish has no metrics and ``status`` ``unfinished``.
    """
    rows = []
    for overrides in sorted(folder.glob("*/.hydra/overrides.yaml"), key=lambda path: (len(path.parts[-3]), path.parts[-3])):
        run = overrides.parents[1]
        row: dict[str, Any] = {"run": run.name}
        for entry in OmegaConf.load(overrides):
            key, _, value = str(entry).partition("=")
            row[key] = value
        record = run / "metrics.json"
        metrics = _record(record)
        row.update({key: value for key, value in metrics.items() if isinstance(value, int | float | str)})
        row.setdefault("status", "damaged record")
        rows.append(row)
    return rows


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_bytes()) if path.is_file() else {"status": "unfinished"}
    except ValueError:
        record = None
    return record if isinstance(record, dict) else {"status": "damaged record"}


_METRICS = 6  # as many as fit on a terminal; all are in the file


class SweepTable(Callback):
    """Hydra callback: write ``sweep.csv`` into the sweep's folder and print its main columns."""

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Write the table after each run, so that it is not lost if a later one fails."""
        if config.hydra.mode is RunMode.MULTIRUN:
            self._write(Path(config.hydra.sweep.dir))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Collect the runs' records, whichever launcher ran them, and print them."""
        folder = Path(config.hydra.sweep.dir)
        if rows := self._write(folder):
            _print(rows, folder / "sweep.csv")

    @staticmethod
    def _write(folder: Path) -> list[dict[str, Any]]:
        from practicum.callbacks.files.atomic_file import ESCAPE, atomic_write  # noqa: PLC0415 - heavy

        rows = collect_runs(folder)
        if not rows:
            return []
        columns = list(dict.fromkeys(key for row in rows for key in row))
        path = folder / "sweep.csv"
        with atomic_write(path) as beside, open(beside, "w", newline="", encoding="utf-8", errors=ESCAPE) as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return rows


def _print(rows: list[dict[str, Any]], path: Path) -> None:
    from practicum.callbacks.run.results import is_result  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415 (Hydra imports this file on every start, --help too)
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=f"{len(rows)} runs: {path}", title_justify="left")
    keys = list(dict.fromkeys(key for row in rows for key in row))
    overridden = keys[1 : keys.index("status")]  # a row begins with its number and its overrides
    shown = [
        "run",
        *(key for key in overridden if len({str(row.get(key)) for row in rows}) > 1),
        *[key for key in keys if is_result(key)][:_METRICS],
        "seconds",
    ]
    for key in shown:
        table.add_column(key)
    for row in rows:
        values = [row.get(key, "") for key in shown]
        table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in values))
    Console(width=max(100, Console().width)).print(table)
