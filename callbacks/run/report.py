"""The report of a run: ``report.html``, one self-contained page with its figures, metrics and provenance.

Nothing in it is loaded from elsewhere, so it can be mailed, archived and opened years later. Figures are in the colours of the
reader's screen, light or dark, tables are tables, and each has a sentence on how to read it, which stands beside its code.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import yaml
from PIL import Image

from ..figures.canvas import css_pixels, data_url, theme_css
from ..figures.figure_callback import FAILED, failed_figures
from ..figures.four_digits import four_digits
from ..figures.metric_words import metric_words
from ..figures.page_table import PageTable, read_tables
from ..figures.plain_text import printable
from ..files.atomic_file import atomic_write
from .best_places import best_places
from .record_words import record_groups
from .results import baseline_table, few_measured, meaning, measured_on, results, trained_anew

TEMPLATES = Path(__file__).parent  # page_style.j2 is the sweep's, too
_SECTIONS = {  # stems of files, in the order of the page; embeddings_* and the like by their beginning
    "Training": ("curves", "lr_find", "schedule"),
    "Quality": ("predicted_true", "residuals", "error_by", "confusion", "per_class", "calibration", "long_tail"),
    "Mistakes": ("top_losses", "most_wrong", "grad_cam", "tta"),
    "What the model has learnt": ("samples", "person", "importance", "item_biases", "nearest_words", "embeddings"),
    "Data": ("example_batch", "augmentation"),
}
_MEASURED = ("Quality", "Mistakes")  # on the split of the result
_TILES = 6  # metrics at the top; all are in the record
_OTHERS = "More"
_KINDS = (".png", ".svg", ".json", ".txt", ".csv")  # of files that callbacks write there
_FILES = {  # what may lie beside the page
    "README.md": "the model's card",
    "metrics.json": "the record below",
    "metrics.csv": "metrics by epoch",
    "predictions.csv": "the prediction of each row that measures the result",
    "submission.csv": "in Kaggle's form",
    "rejected.csv": "what was left out of the data, and why",
    "duplicates.csv": "examples that are there twice",
    "near_duplicates.csv": "photos that nearly equal one of another split, which makes results too good",
    "columns.csv": "what each column was taken for",
    "train.log": "what was printed",
    "figures": "all figures, as PNG and SVG, and their tables",
    "checkpoints/best.ckpt": "the weights that are kept",
    "tokenizer.json": "the tokenizer",
    "vectors.vec": "word vectors in word2vec's text format",
    "word_vectors.vec": "word vectors learnt before the training",
    ".hydra/config.yaml": "the configuration",
}


class ReportFigure(NamedTuple):
    """A figure, tables or a list on the page.

    Attributes:
        title: Its heading.
        image: The ``src`` of the figure; empty for tables and lists.
        text: Of a list.
        caption: How it is read, and what to do about it.
        alt: What is seen in the figure.
        size: Of the figure, in CSS pixels.
        tables: In place of a figure.
        stem: Of its file.
    """

    title: str
    image: str
    text: str
    caption: str = ""
    alt: str = ""
    size: tuple[int, int] | None = None
    tables: Sequence[PageTable] = ()
    stem: str = ""

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return "figure-" + re.sub(r"\W+", "-", self.stem or self.title)


def report_figures(paths: Iterable[Path]) -> list[ReportFigure]:
    """Read figures (``.png``, with an ``.svg`` beside), tables (``.json``) and lists (``.txt``), in the page's order.

    A PNG's own ``Title``, ``Comment`` and ``Description`` are its title, caption and alternative text, where it has them. Tables
    take the place of a list of the same name. Other files are left out.

    Args:
        paths: Files of a run's figures folder.
    """
    found: dict[str, ReportFigure] = {}
    for path in sorted(paths, key=lambda path: path.suffix):  # .json before .txt
        title = path.stem[:1].upper() + path.stem[1:].replace("_", " ")
        if path.suffix == ".png":
            found[path.stem] = _figure(path, title)
        elif path.suffix == ".json" and (sheet := read_tables(path)) is not None:
            found[path.stem] = ReportFigure(sheet.title, "", "", sheet.caption, tables=sheet.tables, stem=path.stem)
        elif path.suffix == ".txt" and path.stem not in found:
            text = path.read_text(encoding="utf-8", errors="replace")
            found[path.stem] = ReportFigure(title, "", text, stem=path.stem)
    order = [stem for stems in _SECTIONS.values() for stem in stems]
    return sorted(found.values(), key=lambda each: (_place(each.stem, order), each.stem))


def remove_figures(folder: Path) -> None:
    """Remove figures, tables and lists that an earlier run has left; files of other names stay.

    Args:
        folder: The run's folder of figures, which need not be there.
    """
    order = [stem for stems in _SECTIONS.values() for stem in stems]
    for path in folder.glob("*.*"):
        if path.name == FAILED or (path.suffix in _KINDS and _place(path.stem, order) < len(order)):
            path.unlink()


def _place(stem: str, order: Sequence[str]) -> int:
    return next((place for place, name in enumerate(order) if stem == name or stem.startswith(f"{name}_")), len(order))


def sections(figures: Iterable[ReportFigure]) -> dict[str, list[ReportFigure]]:
    """Group figures by what they tell about; sections without any are left out."""
    found: dict[str, list[ReportFigure]] = {title: [] for title in (*_SECTIONS, _OTHERS)}
    for each in figures:
        title = next((title for title, stems in _SECTIONS.items() if _place(each.stem, stems) < len(stems)), _OTHERS)
        found[title].append(each)
    return {title: held for title, held in found.items() if held}


def _figure(path: Path, title: str) -> ReportFigure:
    try:
        with Image.open(path) as picture:
            said, size = dict(getattr(picture, "text", {})), (css_pixels(picture.width), css_pixels(picture.height))
    except (OSError, ValueError, SyntaxError):  # no PNG, or a damaged one: it is shown as it is
        said, size = {}, None
    svg = path.with_suffix(".svg")
    if svg.is_file():
        image = data_url(svg.read_text(encoding="utf-8"))
    else:  # drawn by somebody else
        image = f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"
    title = said.get("Title", title)
    return ReportFigure(title, image, "", said.get("Comment", ""), said.get("Description", title), size, stem=path.stem)


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
    following: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
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
        following: The commands to type next.
        files: What lies beside the page, and what each is.
    """
    folder = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(loader=folder, autoescape=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    environment.tests["numeric"] = _is_numeric
    environment.filters["four_digits"] = four_digits
    scratch = not record.get("weights/pretrained", True)
    beside = baseline_table(record)
    count, on = record.get(f"data/{record.get('tests_on', 'test')}"), measured_on(record)
    return environment.get_template("report.html.j2").render(
        theme=theme_css(),
        job=job,
        run=run,
        command=f"{program} {command}",
        warning=f"Trained from scratch, from {_source(record)}." if scratch else None,
        headline=headline(record),
        means=meaning(record) if results(record) else None,
        anew=trained_anew(record),
        few=few_measured(record) if results(record) else None,
        baselines=[[metric_words(head), *rest] for head, *rest in beside],
        best={metric_words(head): best_places(head, rest) for head, *rest in beside[1:]},
        sampled=record.get("baseline/sampled"),
        weak=record.get("baseline/warning"),
        sections=sections(figures),
        measured=_MEASURED,
        measured_of=f"Measured on {on}: {count:,} examples." if isinstance(count, int) else None,
        record=record_groups(record),
        config=config,
        failed=failed or {},
        next=following,
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


def files_beside(folder: Path) -> dict[str, str]:
    """Files of a run's folder that people may open, and what each is.

    Args:
        folder: The run folder.
    """
    return {name: what for name, what in _FILES.items() if (folder / name).exists()}


def _typed(overrides: Path) -> str:
    """A run's overrides, quoted so that a shell takes them as they were; empty where they are missing or damaged."""
    try:
        found = yaml.safe_load(overrides.read_text(encoding="utf-8", errors="replace"))
    except (OSError, yaml.YAMLError):
        return ""
    return shlex.join(map(str, found)) if isinstance(found, list) else ""


def write_report(
    folder: Path, program: str = "python train.py", config: str | None = None, following: Sequence[str] = ()
) -> Path:
    """Write ``report.html`` from a run folder's ``metrics.json`` and ``figures/``.

    Args:
        folder: The run folder.
        program: What the run was started with, for the page's first lines.
        config: The resolved configuration as YAML. Default: ``.hydra/config.yaml`` as it is, where there is one.
        following: The commands to type next.

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
    )
    path = folder / "report.html"
    with atomic_write(path) as beside:
        beside.write_text(printable(page), encoding="utf-8")  # a folder's name may be no UTF-8
    return path
