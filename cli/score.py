"""Score new labelled input: the metrics of the run's own test, beside those of that test."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import ListConfig
from practicum.callbacks.files.atomic_file import as_utf8, atomic_write
from practicum.callbacks.module_outputs.labels import label_of
from practicum.callbacks.run.results import measured_on, results
from practicum.callbacks.run.shown_metrics import short
from rich.console import Console
from rich.table import Table
from torch import Tensor

from .prediction import Prediction
from .run_config import read_record
from .write_table import place_of


def with_true(first: Prediction) -> Prediction:
    """A prediction with what is true among its columns.

    Args:
        first: A prediction of input with targets.
    """
    classes = getattr(first.model, "classes", None)
    targets: Tensor = first.data.targets
    true = [float(each) for each in targets] if classes is None else [label_of(each, classes) for each in targets]
    return first._replace(columns={**first.columns, "true": true})


def write_score(first: Prediction, values: Tensor, folders: Sequence[str], source: Any, output: Path) -> dict[str, Any]:
    """Measure predictions, write ``<output>.score.json`` and print a table.

    Args:
        first: The (first) run's prediction, of input with targets.
        values: Predictions ``[N, ...]``, of one run or the mean of several.
        folders: The run folders.
        source: The input as it was typed.
        output: The table of predictions, which the file lies beside.

    Returns:
        What the file holds.
    """
    found = first.model.objective.score(values, first.data.targets.to(values.device))
    score = {name: value if math.isfinite(value) else None for name, value in found.items()}
    record = read_record(Path(folders[0]) / "metrics.json") if len(folders) == 1 else {}
    inputs = [str(each) for each in source] if isinstance(source, list | ListConfig) else str(source)
    content = {
        "run": list(folders) if len(folders) > 1 else folders[0],
        "input": inputs,
        "examples": len(values),
        "rejected": len(first.data.rejected),
        **score,
    }
    path = output.with_name(f"{output.stem}.score.json")
    place = place_of(path)
    with atomic_write(path) as beside:
        beside.write_text(as_utf8(json.dumps(content, indent=1, ensure_ascii=False)) + "\n", encoding="utf-8")
    _print(score, results(record), f"{len(values):,} new examples", f"the run's {measured_on(record)}")
    print(f"Score: {place}")
    return content


def _print(score: dict[str, float | None], own: dict[str, Any], new_title: str, own_title: str) -> None:
    table = Table(title="Score", title_justify="left", box=None, pad_edge=False)
    beside = any(name in own for name in score)
    for title in ("", new_title, *([own_title] if beside else [])):
        table.add_column(title, justify="left" if not title else "right")
    for name, value in score.items():
        table.add_row(name, _text(value), *([_text(own.get(name))] if beside else []))
    console = Console(width=max(80, Console().width), highlight=False, markup=False)
    console.print()
    console.print(table)


def _text(value: float | None) -> str:
    return "not defined" if value is None else short(value)
