"""End a sweep with a table of all its runs, the failed ones with their sentence, and with a page."""

from __future__ import annotations

import csv
import logging
import shutil
import time
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from ..claimed_folder import begun_by_this_process
from ..next_command import from_here, program_names
from .outcome import PLAN
from .resume import how_to_go_on, keep_command
from .rows import DONE, RunRow, best_run, broken_runs, chosen_by, collect_runs, shortened, swept, value_of
from .use import how_to_use

_METRICS = 6  # as many as fit on a terminal; all are in the file
_PAGE_EVERY = 60  # seconds between pages while runs go on
_under_way: list[Path] = []  # the sweep of this process, until it has ended


class SweepTable(Callback):
    """Hydra callback: write ``sweep.csv`` and ``sweep.html`` into the sweep's folder and print the main columns."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Keep the sweep's command, so that it can be continued."""
        folder = Path(config.hydra.sweep.dir)
        _under_way[:] = [folder]
        keep_command(folder, config.hydra.overrides)

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        """Write the table after each run, so that it is not lost if a later one fails; the page at most once a minute."""
        mine = Path(config.hydra.runtime.output_dir).parent
        folder = Path(config.hydra.sweep.dir) if config.hydra.mode is RunMode.MULTIRUN else mine
        if config.hydra.mode is RunMode.MULTIRUN or (mine / PLAN).is_file():  # a run of a sweep that was resumed by itself
            page = folder / "sweep.html"
            old = not page.is_file() or time.time() - page.stat().st_mtime > _PAGE_EVERY
            write_table(folder, page=old or config.hydra.mode is not RunMode.MULTIRUN)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Nothing: :func:`end_sweep` ends a sweep, however it ends, and needs no launcher to come this far."""


def end_sweep(broken_off: bool = False) -> bool:
    """Write and print the table of this process's sweep, however it ended.

    Args:
        broken_off: Something ended it before its last run.

    Returns:
        Whether a run of it failed or did not finish; ``False`` where there was no sweep.
    """
    if not _under_way:
        return False
    folder = _under_way.pop()
    rows = write_table(folder, page=True)
    if not rows:
        _remove_empty_sweep(folder)
        return False
    _print(rows, folder, broken_off)
    return any(row["status"] not in DONE for row in rows)


def write_table(folder: Path, page: bool) -> list[RunRow]:
    """Write ``sweep.csv``, and ``sweep.html`` where that is wanted.

    Args:
        folder: The sweep's folder.
        page: Write the page, too.

    Returns:
        The rows; empty where no run has begun, and nothing is written.
    """
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
    if page:
        from .page import write_page  # noqa: PLC0415 - heavy

        write_page(folder, rows)
    return rows


def _remove_empty_sweep(folder: Path) -> None:
    """Remove the folder of a sweep that was refused before its first run, where nothing but Hydra's own files is in it."""
    if (
        begun_by_this_process(folder) is not None
        and folder.is_dir()
        and all(path.name in (".hydra", PLAN) for path in folder.iterdir())
    ):
        logging.shutdown()
        if folder.resolve() not in (here := Path.cwd(), *here.parents):  # hydra.sweep.dir=.: what is there is one's own
            shutil.rmtree(folder)


def _print(rows: list[RunRow], folder: Path, broken_off: bool) -> None:
    from practicum.callbacks.run.results import is_result  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415 (Hydra imports this file on every start, --help too)
    from rich.table import Table  # noqa: PLC0415

    path = folder / "sweep.csv"
    keys = list(dict.fromkeys(key for row in rows for key in row))
    metric, lower = chosen_by(folder, rows)
    best = best_run(rows, metric, lower)
    results = [key for key in keys if is_result(key) or key == metric]
    table = Table(title=f"{len(rows)} runs: {path}", title_justify="left")
    status = ["status"] if any(row["status"] != "finished" for row in rows) else []
    varied = swept(rows)
    shown = ["run", *varied, *status, *sorted(results, key=lambda key: key != metric)[:_METRICS], "seconds"]
    last = [key.rpartition(".")[2] for key in varied]
    for key in shown:
        short = key.rpartition(".")[2]
        table.add_column(short if key in varied and last.count(short) == 1 and short not in shown else key, overflow="fold")
    for row in rows:
        values = [row.settings[key] if key in varied and key in row.settings else row.get(key, "") for key in shown]
        table.add_row(*map(shortened, values), style="bold" if row is best else None)
    console = Console(width=max(100, Console().width), highlight=False, markup=False)
    console.print(table)
    for sentence in broken_runs(rows):
        console.print(sentence, soft_wrap=True)
    if best is not None:
        console.print(f"best: run {best['run']}, {metric} {shortened(value_of(best, metric))}", soft_wrap=True)
        if (use := how_to_use(folder, best)) is not None:
            console.print(f"use it: {use}", soft_wrap=True)
    console.print(f"page: {from_here(folder / 'sweep.html')}", soft_wrap=True)
    if (left := how_to_go_on(folder, rows, program_names()[0], broken_off)) is not None:
        console.print(left, soft_wrap=True)
