"""The report of a run: ``report.html``, one self-contained page with its figures, metrics and provenance.

Nothing in it is loaded from elsewhere, so it can be mailed, archived and opened years later.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from PIL import Image

from ..figures.figure_callback import failed_figures
from ..figures.plain_text import printable
from ..files.atomic_file import atomic_write
from .results import MEANS, baseline_table, few_measured, measured_on, results

_TITLES = {  # by the file's stem, in the order of the page
    "curves": "Learning curves",
    "confusion": "Confusion matrix",
    "per_class": "Precision and recall by class",
    "predicted_true": "Predicted against true",
    "residuals": "Residuals",
    "person": "Recommendations for a few users",
    "item_biases": "Item bias given popularity",
    "long_tail": "The long tail",
    "importance": "Permutation importance",
    "top_losses": "Highest-loss examples",
    "most_wrong": "Highest-loss examples",
    "grad_cam": "Grad-CAM of the highest-loss examples",
    "calibration": "Calibration",
    "samples": "Generated samples",
    "nearest_words": "Nearest neighbours of words",
    "tta": "Predictions changed most by test-time augmentation",
    "lr_find": "Learning-rate range test",
    "schedule": "Learning rate and momentum",
    "augmentation": "A photo and its augmented versions",
    "example_batch": "First training batch",
}


class ReportFigure(NamedTuple):
    """A figure or list on the page: a PNG in base64, or text; a caption below it, if there is one."""

    title: str
    png: str
    text: str
    caption: str = ""


def report_figures(paths: Iterable[Path]) -> list[ReportFigure]:
    """Read figures (``.png``) and lists (``.txt``) and put them into the page's order; other files are left out.

    A PNG's own ``Title`` and ``Description`` are its title and caption, where it has them.

    Args:
        paths: Files of a run's figures folder.
    """
    order = {stem: place for place, stem in enumerate(_TITLES)}
    shown = [path for path in paths if path.suffix in (".png", ".txt")]
    figures = []
    for path in sorted(shown, key=lambda path: (order.get(path.stem, len(order)), path.stem)):
        title = _TITLES.get(path.stem, path.stem[:1].upper() + path.stem[1:].replace("_", " "))
        if path.suffix == ".png":
            said = _text_of_png(path)
            png = base64.b64encode(path.read_bytes()).decode()
            figures.append(ReportFigure(said.get("Title", title), png, "", said.get("Description", "")))
        else:
            figures.append(ReportFigure(title, "", path.read_text(encoding="utf-8", errors="replace")))
    return figures


def _text_of_png(path: Path) -> dict[str, str]:
    try:
        with Image.open(path) as picture:
            return dict(getattr(picture, "text", {}))
    except (OSError, ValueError, SyntaxError):  # no PNG, or a damaged one: it is shown as it is
        return {}


def headline(record: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a record that stand at the top of the page: the result's, the best possible ones, time and epochs.

    A metric that is not defined (``None``), such as the AUROC of a single class, is left out.
    """
    on = measured_on(record)
    shown = {f"{metric} on {on}": value for metric, value in results(record).items() if value is not None}
    shown |= {f"best possible {name.removeprefix('known/')}": v for name, v in record.items() if name.startswith("known/")}
    return {**shown, "seconds": record["seconds"], "epochs": record["epochs"]}


def render_report(
    job: str,
    run: str,
    command: str,
    record: dict[str, Any],
    figures: Iterable[ReportFigure],
    config: str | None = None,
    failed: Mapping[str, str] | None = None,
    program: str = "python train.py",
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
    """
    folder = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=folder, autoescape=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    scratch = not record.get("weights/pretrained", True)
    return environment.get_template("report.html.j2").render(
        job=job,
        run=run,
        command=f"{program} {command}",
        warning=f"Trained from scratch: {record.get('weights/source')}." if scratch else None,
        headline=headline(record),
        means=MEANS if record.get("tests_on") == "valid" and results(record) else None,
        few=few_measured(record) if results(record) else None,
        baselines=baseline_table(record),
        sampled=record.get("baseline/sampled"),
        weak=record.get("baseline/warning"),
        figures=figures,
        record=record,
        config=config,
        failed=failed or {},
    )


def write_report(folder: Path, program: str = "python train.py") -> Path:
    """Write ``report.html`` from a run folder's ``metrics.json``, ``figures/`` and ``.hydra/config.yaml``.

    Args:
        folder: The run folder.
        program: What the run was started with, for the page's first lines.

    Returns:
        The page's path.
    """
    config, overrides = folder / ".hydra" / "config.yaml", folder / ".hydra" / "overrides.yaml"
    lines = overrides.read_text(encoding="utf-8", errors="replace").splitlines() if overrides.is_file() else []
    command = " ".join(line.removeprefix("- ") for line in lines)
    page = render_report(
        folder.parent.name,
        folder.name,
        "" if command == "[]" else command,
        json.loads((folder / "metrics.json").read_text(encoding="utf-8")),
        report_figures((folder / "figures").glob("*")),
        config.read_text(encoding="utf-8", errors="replace") if config.is_file() else None,
        failed_figures(folder / "figures"),
        program,
    )
    path = folder / "report.html"
    with atomic_write(path) as beside:
        beside.write_text(printable(page), encoding="utf-8")  # a folder's name may be no UTF-8
    return path
