"""The report of a run: ``report.html``, one self-contained page with its figures, metrics and provenance.

Nothing in it is loaded from elsewhere, so it can be mailed, archived and opened years later. Figures are in the colours of the
reader's screen, light or dark, tables are tables, and each has a sentence on how to read it, which stands beside its code.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import jinja2
import yaml

from ..figures.canvas import theme_css
from ..figures.figure_callback import failed_figures
from ..figures.four_digits import four_digits
from ..figures.metric_words import metric_meanings, metric_words
from ..figures.page_table import PageTable
from ..figures.plain_text import printable
from ..files.atomic_file import atomic_write
from .best_places import best_places
from .record_words import record_groups
from .report_figures import ReportFigure, report_figures, sections
from .results import (
    baseline_table,
    few_measured,
    fine_tuning_gain,
    kept_epoch,
    many_leaked,
    meaning,
    measured_on,
    results,
    trained_anew,
)
from .transformed_results import plain_values

TEMPLATES = Path(__file__).parent  # page_style.j2 is the sweep's, too
_MEASURED = ("Quality", "Mistakes")  # on the split of the result
_LONG = 60  # characters of a cell, from which on it is a text
_TILES = 6  # metrics at the top; all are in the record
_FILES = {  # what may lie beside the page
    "README.md": "the model's card",
    "metrics.json": "the record below",
    "metrics.csv": "metrics by epoch",
    "predictions.csv": "the prediction of each row that measures the result",
    "submission.csv": "in Kaggle's form",
    "rejected.csv": "what was left out of the data, and why",
    "duplicates.csv": "examples that are there twice",
    "near_duplicates.csv": "photos that nearly equal another; in another split, one makes results too good",
    "splits.csv": "which photos trained, validated and tested",
    "columns.csv": "what each column was taken for",
    "train.log": "what was printed",
    "figures": "all figures, as PNG and SVG, and their tables",
    "checkpoints/best.ckpt": "the weights that are kept",
    "tokenizer.json": "the tokenizer",
    "vectors.vec": "word vectors in word2vec's text format",
    "word_vectors.vec": "word vectors learnt before the training",
    ".hydra/config.yaml": "the configuration",
}


def headline(record: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a record that stand at the top of the page: the result's, the best possible ones, time and epochs.

    A metric that is not defined (``None``), such as the AUROC of a single class, is left out.
    """
    on = measured_on(record)
    defined = {metric: value for metric, value in results(record).items() if value is not None}
    shown = {f"{metric_words(metric)} on {on}": defined[metric] for metric in list(defined)[:_TILES]}
    shown |= {
        f"best possible {metric_words(metric)}": v for metric in defined if (v := record.get(f"known/{metric}")) is not None
    }
    return {**shown, "seconds": record["seconds"], "epoch" if record["epochs"] == 1 else "epochs": record["epochs"]}


def render_report(
    job: str,
    run: str,
    command: str,
    record: dict[str, Any],
    figures: Iterable[ReportFigure],
    config: str | None = None,
    failed: Mapping[str, str] | None = None,
    program: str = "python train.py",
    following: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    about: str = "",
) -> str:
    """Render the page. All text is escaped.

    Args:
        job: The experiment's name.
        run: The run's name.
        command: The overrides that the run was started with.
        record: As :class:`.RunRecord` writes it.
        figures: In the order of the page.
        config: The configuration as YAML, if there is one.
        failed: What could not be drawn, and why.
        program: What was started with them.
        following: The commands to type next, by what each is for.
        files: What lies beside the page, and what each is.
        about: What was trained, in a sentence.
    """
    folder = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(loader=folder, autoescape=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    environment.tests["numeric"] = _is_numeric
    environment.tests["texts"] = _has_texts
    environment.tests["long"] = _is_long
    environment.filters["four_digits"] = four_digits
    scratch = not record.get("weights/pretrained", True)
    beside = baseline_table(record)
    best = {metric_words(head): best_places(head, rest) for head, *rest in beside[1:]}
    count, on = record.get(f"data/{record.get('tests_on', 'test')}"), measured_on(record)
    return environment.get_template("report.html.j2").render(
        theme=theme_css(),
        job=job,
        run=run,
        command=f"{program} {command}",
        warning=f"Trained from scratch, from {_source(record)}." if scratch else None,
        headline=headline(record),
        about=about,
        means=meaning(record) if results(record) else None,
        leaky=many_leaked(record),
        anew=trained_anew(record),
        kept=kept_epoch(record),
        gain=fine_tuning_gain(record),
        plain=plain_values(record),
        meanings=metric_meanings(results(record)),
        few=few_measured(record) if results(record) else None,
        baselines=[[metric_words(head), *rest] for head, *rest in beside],
        best=best,
        behind=[metric for metric, places in best.items() if 1 not in places],
        sampled=record.get("baseline/sampled"),
        weak=record.get("baseline/warning"),
        sections=sections(figures),
        measured=_MEASURED,
        measured_of=f"Measured on {on}: {count:,} examples." if isinstance(count, int) else None,
        record=record_groups(record),
        config=config,
        failed=failed or {},
        next=following or {},
        files=files or {},
    )


def _source(record: Mapping[str, Any]) -> str:
    source = record.get("weights/source")
    return "random weights" if source in (None, "random") else str(source)


def _is_numeric(value: Any) -> bool:
    """Whether a cell is a number, written or not."""
    try:
        float(value.replace(",", "") if isinstance(value, str) else value)
    except (TypeError, ValueError):
        return False
    return True


def _has_texts(table: PageTable) -> bool:
    """Whether a table has cells so long that a narrow screen shows each below the others of its row."""
    return any(_is_long(cell) for row in table.rows for cell in row)


def _is_long(cell: Any) -> bool:
    return isinstance(cell, str) and len(cell) > _LONG


def files_beside(folder: Path) -> dict[str, str]:
    """Files of a run's folder that people may open, and what each is.

    Args:
        folder: The run folder.
    """
    return {name: what for name, what in _FILES.items() if (folder / name).exists() and not _is_empty_list(folder / name)}


def _is_empty_list(path: Path) -> bool:
    """Whether a CSV has a head and nothing below it."""
    if path.suffix != ".csv":
        return False
    with path.open("rb") as file:
        return len(list(islice(file, 2))) < 2


def _typed(overrides: Path) -> str:
    """A run's overrides, quoted so that a shell takes them as they were; empty where they are missing or damaged."""
    try:
        found = yaml.safe_load(overrides.read_text(encoding="utf-8", errors="replace"))
    except (OSError, yaml.YAMLError):
        return ""
    return shlex.join(map(str, found)) if isinstance(found, list) else ""


def write_report(
    folder: Path,
    program: str = "python train.py",
    config: str | None = None,
    following: Mapping[str, str] | None = None,
    about: str = "",
) -> Path:
    """Write ``report.html`` from a run folder's ``metrics.json`` and ``figures/``.

    Args:
        folder: The run folder.
        program: What the run was started with, for the page's first lines.
        config: The resolved configuration as YAML. Default: ``.hydra/config.yaml`` as it is, where there is one.
        following: The commands to type next, by what each is for.
        about: What was trained, in a sentence.

    Returns:
        The page's path.
    """
    composed, overrides = folder / ".hydra" / "config.yaml", folder / ".hydra" / "overrides.yaml"
    if config is None and composed.is_file():
        config = composed.read_text(encoding="utf-8", errors="replace")
    page = render_report(
        folder.parent.name,
        folder.name,
        _typed(overrides),
        json.loads((folder / "metrics.json").read_text(encoding="utf-8")),
        report_figures((folder / "figures").glob("*")),
        config,
        failed_figures(folder / "figures"),
        program,
        following,
        files_beside(folder),
        about,
    )
    path = folder / "report.html"
    with atomic_write(path) as beside:
        beside.write_text(printable(page), encoding="utf-8")  # a folder's name may be no UTF-8
    return path
