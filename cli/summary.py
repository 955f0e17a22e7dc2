"""Print the table that ends a run: metrics, time, where the weights and the data come from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from practicum.callbacks.figures.counted import counted
from practicum.callbacks.run.results import (
    CHOSE,
    TITLES,
    baselines,
    few_measured,
    leak_measured,
    measured_on,
    results,
    validation_chose,
)
from practicum.callbacks.run.shown_metrics import short
from practicum.callbacks.run.transformed_results import better_plain, views_left_out
from practicum.modules import ImageClassifier
from rich.console import Console
from rich.table import Table

from .next_command import from_here

FROM_SCRATCH = "These weights started from random values: transfer learning would do far better."  # measured on photos


def summary_rows(record: dict[str, Any], folder: str) -> list[tuple[str, str]]:
    """Name and text of each row.

    Args:
        record: What ``metrics.json`` holds.
        folder: The run folder, as one would type it.
    """
    rows = [_metric_row(record, name, value) for name, value in results(record).items()]
    if rows and record["tests_on"] == "valid":
        rows.append(("measured on", CHOSE if validation_chose(record) else "validation"))
    if rows and (leak := leak_measured(record)) is not None:
        rows.append(("leak", leak))
    if rows and (few := few_measured(record)) is not None:
        rows.append(("few examples", few))
    if (harm := views_left_out(record)) is not None:
        rows.append(("test-time augmentation", harm))
    if "baseline/sampled" in record:
        rows.append(("baselines", f"of a sample: {record['baseline/sampled']}"))
    if "lr_find/chosen" in record:
        rows.append(("range test", f"learning rate {record['lr_find/chosen']:.2g}"))
    phases = ", ".join(f"{k.removeprefix('seconds/')} {v:.0f}" for k, v in record.items() if k.startswith("seconds/"))
    length = f"{counted(record['epochs'], 'epoch')}, {counted(record['steps'], 'step')}"
    rows.append(("seconds", f"{record['seconds']:.0f} ({phases}); {length}"))
    rows.append(("precision", f"{record['precision']} on {record['devices']}"))
    fingerprint = f", SHA-256 {record['weights/sha256'][:12]}" if record.get("weights/sha256") else ""
    epochs = record.get("weights/refit_epochs")
    anew = f", trained anew on training and validation for {counted(epochs, 'epoch')}" if epochs else ""
    rows.append(("weights", f"{record.get('weights/source', 'unknown')}{fingerprint}{anew}"))
    counts = ", ".join(f"{record[f'data/{s}']} {s}" for s in ("train", "valid", "test") if f"data/{s}" in record)
    rows.append(("data", f"{record.get('data/source')} ({counts}, {record.get('data/rejected', 0)} left out)"))
    if "data/csv" in record:  # written in another way than most
        rows.append(("csv", str(record["data/csv"])))
    return [*rows, ("run", folder), ("page", f"{folder}/report.html")]


def _metric_row(record: dict[str, Any], metric: str, value: float | None) -> tuple[str, str]:
    """A result; beside it its value without the prediction transforms, the baselines', and the best possible one, where known."""
    name = f"{metric} on {measured_on(record)}"
    if value is None or math.isnan(value):  # such as the AUROC of a single class
        return name, "not defined"
    transforms = [
        f"{record[key]} {what}" for key, what in (("snapshots", "snapshots"), ("tta/views", "augmented views")) if record.get(key)
    ]
    plain, best = record.get(f"plain/{metric}"), record.get(f"known/{metric}")
    harm = ", which is better" if better_plain(record, metric) else ""
    beside = f"   (with {' and '.join(transforms)}; without {short(plain)}{harm})" if plain is not None and transforms else ""
    simple = [f"{TITLES.get(key, key)} {short(found[metric])}" for key, found in baselines(record).items() if metric in found]
    beside += f"   ({', '.join(simple)})" if simple else ""
    ceiling = f"   (best possible: {short(best)})" if best is not None else ""
    return name, f"{short(value)}{beside}{ceiling}"


def could_transfer(model: Any, record: dict[str, Any]) -> bool:
    """Whether an image model started from random weights, although there are pretrained ones.

    Texts are not told so: on short ones word vectors can be as good as a language model's encoder; their baseline tells.

    Args:
        model: The trained module.
        record: What ``metrics.json`` holds.
    """
    return isinstance(model, ImageClassifier) and not record.get("weights/pretrained", True)


def print_summary(record: dict[str, Any], run: Path, model: Any) -> None:
    """Print the last table of a run.

    Args:
        record: What ``metrics.json`` holds.
        run: The run folder.
        model: The trained module.
    """
    table = Table(title="Result", title_justify="left", show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for row in summary_rows(record, from_here(run)):
        table.add_row(*row)
    terminal = Console()
    width = terminal.width if terminal.is_terminal else max(100, terminal.width)
    console = Console(width=width, highlight=False, markup=False)  # a folder may be called photos [old]
    console.print()
    console.print(table)
    if could_transfer(model, record):
        console.print(FROM_SCRATCH, style="yellow")
