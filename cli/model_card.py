"""A model card: ``README.md`` of a run folder, in the form that the Hugging Face hub shows beside a model.

Its head is YAML (task, metrics and the split that measured them); the text says what the model predicts and how well, beside
baselines, what it learnt from, what to beware of, and how to predict with it.

**Source.** Mitchell et al. 2019, "Model cards for model reporting"; the hub's documentation, "Model cards".
"""

from __future__ import annotations

import json
import logging
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData
from practicum.callbacks.figures.counted import counted
from practicum.callbacks.figures.metric_words import metric_words
from practicum.callbacks.files.atomic_file import as_utf8, atomic_write
from practicum.callbacks.run.results import (
    baseline_table,
    few_measured,
    leak_measured,
    meaning,
    measured_on,
    results,
    trained_anew,
)
from practicum.callbacks.run.shown_metrics import short
from practicum.modules import (
    EntityEmbeddingModel,
    ImageClassifier,
    LanguageModel,
    SkipGram,
    TabularEnsemble,
    TextClassifier,
    WordVectorClassifier,
)
from practicum.modules.base.recommender import Recommender

log = logging.getLogger(__name__)

_LIBRARY = "practicum"
_CLASSES_SHOWN = 50
_TASKS: Sequence[tuple[Any, str, str]] = (  # the hub's name of a task, and what its input is
    (ImageClassifier, "image-classification", "a photo"),
    ((TextClassifier, WordVectorClassifier), "text-classification", "a text"),
    (LanguageModel, "text-generation", "a text"),
    (SkipGram, "feature-extraction", "a word"),
    (Recommender, "recommendation", "a user and an item"),
    ((TabularEnsemble, EntityEmbeddingModel), "tabular", "a row of a table"),
)
_HUB_TASKS = ("recommendation",)  # tasks that are no pipeline of the hub: a tag says what they are


@dataclass(frozen=True)
class Task:
    """What a model is for.

    Attributes:
        name: The hub's name: ``image-classification`` ...
        model: The module's class.
        input: What it predicts from, in words.
        output: What it predicts, in words.
        classes: Names of its classes; empty without.
    """

    name: str
    model: str
    input: str
    output: str
    classes: Sequence[str] = ()


def task_of(model: Any, target: str | None = None) -> Task:
    """What a module is for.

    Args:
        model: The module.
        target: The column that it predicts, if it is one of a table.
    """
    name, source = next(((name, words) for each, name, words in _TASKS if isinstance(model, each)), ("other", "its input"))
    kind = type(model).__name__
    classes = list(getattr(model, "classes", None) or ())
    if name == "tabular":
        name = "tabular-classification" if classes else "tabular-regression"
    if name == "text-generation":
        return Task(name, kind, source, "the next token")
    if name == "feature-extraction":
        return Task(name, kind, source, "its vector")
    if name == "recommendation":
        return Task(name, kind, source, f"`{target}`" if target else "a score that orders items")
    what = "any number of" if getattr(model, "multi_label", False) else "one of"
    output = f"{what} {len(classes)} classes" if classes else "a number"
    return Task(name, kind, source, f"{output} (`{target}`)" if target else output, classes)


def what_it_does(record: Mapping[str, Any], task: Task) -> str:
    """What was trained, in a sentence.

    Args:
        record: What ``metrics.json`` holds.
        task: What the model is for.
    """
    parameters = counted(record.get("parameters", 0), "parameter")
    what = f"Predicts {task.output} from {task.input}"
    if task.name == "feature-extraction":
        what = "Learns a vector for each word, by predicting the words around it"
    return f"{what}: practicum's `{task.model}` with {parameters}."


def model_card(record: Mapping[str, Any], task: Task, name: str, commands: Sequence[str]) -> str:
    """The text of a card.

    Args:
        record: What ``metrics.json`` holds.
        task: What the model is for.
        name: What the run is called.
        commands: What uses it, with ``RUN`` for the run folder.
    """
    source = _shown(str(record.get("data/source", "unknown")))
    split = "validation" if record.get("tests_on") == "valid" else "test"
    measured = [
        EvalResult(task.name, "custom", source, metric, round(float(value), 6), dataset_split=split)
        for metric, value in results(record).items()
        if isinstance(value, int | float)
    ]
    head = ModelCardData(
        library_name=_LIBRARY,
        tags=["practicum", "pytorch-lightning", *([task.name] if task.name in _HUB_TASKS else [])],
        pipeline_tag=None if task.name in (*_HUB_TASKS, "other") else task.name,
        metrics=[each.metric_type for each in measured] or None,
        model_name=name,
        eval_results=measured or None,
    )
    text = [
        f"# {name}",
        what_it_does(record, task),
        *_results(record),
        *_data(record, task, source),
        *_training(record),
        "## How to use it",
        "```sh\npip install practicum\n" + "\n".join(commands) + "\n```",
        "`RUN` is this folder, which is complete: nothing else is needed.",
        *_limits(record, task, source),
    ]
    return as_utf8(f"---\n{head.to_yaml()}\n---\n\n" + "\n\n".join(text) + "\n")


def write_card(run: Path, record: Mapping[str, Any], task: Task, name: str, commands: Sequence[str]) -> None:
    """Write ``README.md`` into a run folder, unless one is there that is no card; see :func:`model_card`.

    Args:
        run: The folder.
        record: What ``metrics.json`` holds.
        task: What the model is for.
        name: What the run is called.
        commands: What uses it, with ``RUN`` for the run folder.
    """
    path = run / "README.md"
    if path.exists() and not is_card(path):
        log.warning(f"{path}: there is one that is no model card of practicum's, so it stays, and no card is written.")
        return
    content = model_card(record, task, name, commands)
    ModelCard(content, ignore_metadata_errors=False)  # the hub's own parser
    with atomic_write(path) as beside:
        beside.write_text(content, encoding="utf-8")


def is_card(path: Path) -> bool:
    """Whether a ``README.md`` is a card of :func:`write_card`; any other one is somebody's own, as with ``hydra.run.dir=.``.

    Args:
        path: The file, which need not be there.
    """
    try:
        head, end, _ = path.read_text(encoding="utf-8").partition("\n---\n")
    except (OSError, ValueError):
        return False
    return bool(end) and head.startswith("---\n") and f"\nlibrary_name: {_LIBRARY}\n" in f"{head}\n"


def _results(record: Mapping[str, Any]) -> list[str]:
    found = results(record)
    if not found:
        return []
    table = baseline_table(record)
    named = {row[0] for row in table}
    rows = table or [["", "this run"]]
    rows += [[name, value, *[None] * (len(rows[0]) - 2)] for name, value in found.items() if name not in named]
    named_rows = [[metric_words(name), *values] for name, *values in rows[1:]]
    lines = [_row(rows[0]), "|---" + "|---:" * (len(rows[0]) - 1) + "|", *map(_row, named_rows)]
    count = record.get(f"data/{record.get('tests_on', 'test')}")
    on = f"Measured on {measured_on(record)}" + (f", {count:,} examples." if isinstance(count, int) else ".")
    more = [meaning(record)] if record.get("tests_on") == "valid" or leak_measured(record) else []
    more += [f"{few[0].upper()}{few[1:]}."] if (few := few_measured(record)) else []
    more += [str(record["baseline/warning"])] if "baseline/warning" in record else []
    return ["## Results", "\n".join(lines), " ".join([on, *more])]


def _row(cells: Sequence[Any]) -> str:
    return "| " + " | ".join("" if c is None else short(c) if isinstance(c, float) else _cell(str(c)) for c in cells) + " |"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _data(record: Mapping[str, Any], task: Task, source: str) -> list[str]:
    counts = [f"{record[f'data/{s}']:,} {s}" for s in ("train", "valid", "test") if f"data/{s}" in record]
    lines = [f"- Source: {source}", f"- Examples: {', '.join(counts)}; {record.get('data/rejected', 0):,} left out"]
    if record.get("data/sha256"):
        lines.append(f"- SHA-256 of the contents: `{record['data/sha256']}`")
    if record.get("data/csv"):
        lines.append(f"- Format: {record['data/csv']}")
    if task.classes:
        shown = ", ".join(f"`{name}`" for name in task.classes[:_CLASSES_SHOWN])
        more = f" and {len(task.classes) - _CLASSES_SHOWN} more" if len(task.classes) > _CLASSES_SHOWN else ""
        lines.append(f"- Classes ({len(task.classes)}): {shown}{more}")
    return ["## Data", "\n".join(lines)]


def _training(record: Mapping[str, Any]) -> list[str]:
    weights = _shown(str(record.get("weights/source", "unknown")))
    if record.get("weights/sha256"):
        weights += f", SHA-256 `{record['weights/sha256']}`"
    versions = ", ".join(f"{k.removeprefix('version/')} {v}" for k, v in record.items() if k.startswith("version/"))
    lines = [
        f"- Started from: {'random weights' if weights == 'random' else weights}",
        f"- {counted(record.get('epochs', 0), 'epoch')}, {counted(record.get('steps', 0), 'step')}, "
        f"seed {record.get('seed')}, precision {record.get('precision')}, {record.get('devices')}, "
        f"{record.get('seconds', 0):.0f} s",
        *([f"- {anew}"] if (anew := trained_anew(record)) else []),
        f"- Versions: {versions}",
        "- Every setting: `.hydra/config.yaml`; every metric: `metrics.json`; figures: `report.html`",
    ]
    return ["## Training", "\n".join(lines)]


def _limits(record: Mapping[str, Any], task: Task, source: str) -> list[str]:
    lines = []
    if source.startswith("synthetic"):
        lines.append("- The data are synthetic: the model shows that the code works, and says nothing of real inputs.")
    if task.classes:
        lines.append("- Whatever it is given, it predicts among its classes: of something else it may be just as sure.")
    if task.name.startswith("tabular"):
        lines.append("- Numbers beyond the range of training's count as its ends; categories that training had not are unknown.")
    if task.name == "recommendation":
        lines.append("- Users and items that training had not are predicted as average ones.")
    lines += [
        "- It was measured on data like those it was trained on, and on no groups apart: on other sources expect it to be worse, "
        "and measure it there (`practicum-predict run=RUN input=LABELLED score=true`).",
        "- A licence is not stated: it depends on those of the data and of the weights it started from.",
    ]
    return ["## Limits", "\n".join(lines)]


def _shown(source: str) -> str:
    """A source without the folders above it, which are this machine's."""
    kind, colon, path = source.partition(": ")
    path = path if colon else kind
    name = PurePath(path).name if PurePath(path).is_absolute() else path
    return json.dumps(f"{kind}: {name}" if colon else name, ensure_ascii=False)[1:-1]


def commands_of(hints: Mapping[str, Any]) -> list[str]:
    """What uses a run, with ``RUN`` for its folder.

    Args:
        hints: See :mod:`.next_command`.
    """
    if "classifier" in hints:
        builds = " ".join(str(each).replace("{run}", "RUN") for each in hints["classifier"] or [])
        return [f"practicum-train experiment=reviews {builds}   # a classifier on it"]
    return [shlex.join(["practicum-predict", "run=RUN", *hints.get("predict", ["input=INPUT"]), "output=predictions.csv"])]
