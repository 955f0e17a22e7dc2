"""The runs of a sweep as rows: what was set in each, how it ended, and what it reached."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from omegaconf import OmegaConf

from .outcome import PLAN, failure_of, record_of

DONE = ("finished", "pruned", "range test")
_OF_FAILED = ("seconds", "epochs", "steps", "seed")
_NOT_OF_A_RUN = ("resume", "trust", "sweep", "launcher", "objective")


class RunRow(dict[str, Any]):
    """A run as a row.

    Attributes:
        settings: Its overrides by key, as they were typed. In the row itself a number of the record's replaces one of the same
            name, such as ``epochs``.
    """

    def __init__(self, run: str, settings: Mapping[str, str]) -> None:
        super().__init__({"run": run, **settings})
        self.settings = dict(settings)


def collect_runs(folder: Path) -> list[RunRow]:
    """Collect one row per run below ``folder``: its overrides, and every number of its ``metrics.json``.

    Args:
        folder: The sweep's folder.

    Returns:
        Rows in the order of the runs' numbers. ``status`` is ``finished``, ``pruned``, ``range test`` (alone), ``failed`` (with
        the sentence in ``error``), ``interrupted``, or how far it had come when its process was killed: ``running``, ``trained``,
        ``unfinished``.
    """
    rows = []
    for overrides in sorted(folder.glob("*/.hydra/overrides.yaml"), key=lambda path: (len(path.parts[-3]), path.parts[-3])):
        run = overrides.parents[1]
        pairs = [str(entry).partition("=") for entry in OmegaConf.load(overrides)]
        row = RunRow(
            run.name, {key: value for key, _, value in pairs if re.split("[./]", key.lstrip("+~"))[0] not in _NOT_OF_A_RUN}
        )
        metrics, failure = record_of(run), failure_of(run)
        shown = {key: value for key, value in metrics.items() if isinstance(value, int | float | str)}
        status = str(shown.pop("status", "damaged record"))
        row["status"] = "failed" if failure is not None or status.startswith("failed") else status
        if row["status"] == "failed":
            row["error"] = failure or status.removeprefix("failed: ")
            shown = {key: value for key, value in shown.items() if key in _OF_FAILED}  # what it measured is of no model
        row.update(shown)
        rows.append(row)
    return rows


def swept(rows: Sequence[RunRow]) -> list[str]:
    """The keys whose values differ between the runs, in the order in which they were typed."""
    typed = dict.fromkeys(key for row in rows for key in row.settings)
    return [key for key in typed if len({row.settings.get(key) for row in rows}) > 1]


def shortened(value: Any) -> str:
    """A value as it is shown: of a number that was drawn four digits are enough to know it by."""
    from practicum.callbacks.figures.four_digits import four_digits  # noqa: PLC0415 - with torch, for which --help need not wait

    text = str(value)
    try:
        return four_digits(float(text)) if isinstance(value, float) or len(text) > 8 else text
    except ValueError:
        return text


def lower_is_better(metric: str) -> bool:
    """Whether a metric is a loss or an error, by its name.

    Args:
        metric: As a record calls it, such as ``val/rmse/kept``.
    """
    from practicum.callbacks.figures.metric_direction import mode_of  # noqa: PLC0415 - heavy

    return mode_of(metric) == "min"


def chosen_by(folder: Path, rows: Sequence[RunRow]) -> tuple[str | None, bool]:
    """The metric that the best run is chosen by, and whether lower is better.

    Args:
        folder: The sweep's folder, which says what its sweeper optimizes.
        rows: Its runs.

    Returns:
        ``objective`` where there was one; else the first result that is not a loss, else any, by validation where it is known: a
        choice by a test would make the test part of training. ``None`` where no run has a result.
    """
    from practicum.callbacks.run.results import is_result  # noqa: PLC0415 - heavy

    plan = OmegaConf.load(folder / PLAN) if (folder / PLAN).is_file() else OmegaConf.create()
    names = [key for key in dict.fromkeys(key for row in rows for key in row) if is_result(key)]
    names.sort(key=lambda name: "loss" in name)
    wanted = OmegaConf.select(plan, "objective")
    metric = str(wanted) if wanted is not None and any(wanted in row for row in rows) else next(iter(names), None)
    if metric is not None and metric != wanted and metric.startswith("test/"):
        validated = f"val/{metric.removeprefix('test/')}/best"
        metric = validated if any(validated in row for row in rows) else metric
    direction = OmegaConf.select(plan, "hydra.sweeper.direction")
    if metric == wanted and direction in ("minimize", "maximize"):
        return metric, direction == "minimize"
    return metric, metric is not None and lower_is_better(metric)


def value_of(row: RunRow, metric: str | None) -> float | None:
    """A run's value of a metric; ``None`` where it has none, or did not finish."""
    value = row.get(metric) if metric is not None and row["status"] == "finished" else None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def best_run(rows: Sequence[RunRow], metric: str | None, lower: bool) -> RunRow | None:
    """The finished run with the best value of a metric; ``None`` where none has one."""
    measured = [(value, row) for row in rows if (value := value_of(row, metric)) is not None]
    if not measured:
        return None
    return (min if lower else max)(measured, key=lambda pair: pair[0])[1]


def over_seeds(rows: Sequence[RunRow], metrics: Iterable[str]) -> list[dict[str, Any]]:
    """Mean and spread of settings that were run with several seeds.

    Args:
        rows: The runs.
        metrics: What is averaged.

    Returns:
        For each combination of swept values, ``seed`` left out: these values, ``runs`` (their number), and for each metric
        ``(mean, sample standard deviation)``, or ``None`` where fewer than two finished. Empty where no setting has two seeds.
    """
    keys = [key for key in swept(rows) if key != "seed"]
    groups: dict[tuple[str, ...], list[RunRow]] = {}
    for row in rows:
        groups.setdefault(tuple(row.settings.get(key, "") for key in keys), []).append(row)
    if "seed" not in swept(rows) or not any(len({row.settings.get("seed") for row in each}) > 1 for each in groups.values()):
        return []
    summary = []
    for values, group in groups.items():
        line: dict[str, Any] = {**dict(zip(keys, values, strict=True)), "runs": sum(row["status"] == "finished" for row in group)}
        for metric in metrics:
            found = [value for row in group if (value := value_of(row, metric)) is not None]
            line[metric] = (fmean(found), stdev(found)) if len(found) > 1 else None
        summary.append(line)
    return summary


def broken_runs(rows: Sequence[RunRow]) -> list[str]:
    """A sentence for each way in which runs did not end well: ``runs 3, 5 failed: ...``."""
    ways: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["status"] not in DONE:
            ways.setdefault((row["status"], row.get("error", "")), []).append(row["run"])
    return [
        f"run{'s' if len(runs) > 1 else ''} {', '.join(runs)} {status}{': ' if why else ''}{why}"
        for (status, why), runs in ways.items()
    ]
