"""A record's results: the metrics of the weights that a run keeps, on the split that measures them, and those of baselines.

**What it does.** A test on rows of its own is called ``test/<metric>``. Without them validation's rows measure the result, though
they chose the epoch; that is called ``val/<metric>/kept``, and is a little better than new data will be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..figures.counted import counted
from ..figures.four_digits import four_digits
from ..figures.metric_direction import better
from ..figures.metric_words import metric_words

CHOSE = "validation (it chose the epoch)"
MEANS = (
    "Validation measures this result, on examples that chose the epoch: expect it to be slightly worse on new data; a test on "
    "examples of its own would tell by how much."
)
LAST_MEANS = (
    "Validation measures this result; its examples took no part in training, nor in choosing the epoch: the last one is kept."
)
TEST_MEANS = (
    "The test measures this result, on examples that took no part in training or in choosing the epoch: expect as much on new "
    "data of the same kind."
)
_LEAKS = {  # what a data module found of examples that measure the result, ``data/<name>/<split>``
    "leaked": "occur in another split, too",
    "near_duplicates": "are near duplicates of photos in another split",
    "seen_before": "were trained on by the run that the weights are from",
}
_MANY = 0.1  # share of the examples that measure a result
FEW = 50  # examples that measure a result; of more, chance moves an accuracy by .07 at most (one standard error)
TITLES = {  # of baselines, the strongest first
    "lightgbm": "LightGBM",
    "linear": "linear model",
    "biases": "user and item biases",
    "popularity": "most popular items",
    "bigram": "bigram model",
    "unigram": "unigram model",
    "mean": "mean",
    "prior": "class frequencies",
}


def result_name(metric: str, tests_on: str) -> str:
    """What a record calls the result's ``metric``.

    Args:
        metric: Without a stage, such as ``accuracy``.
        tests_on: The split that measures it.

    Example:
        >>> from practicum.callbacks.run.results import result_name
        >>> result_name("accuracy", "test"), result_name("accuracy", "valid")
        ('test/accuracy', 'val/accuracy/kept')
    """
    return f"val/{metric}/kept" if tests_on == "valid" else f"test/{metric}"


def is_result(name: str) -> bool:
    """Whether a name in a record is one of :func:`result_name`."""
    return name.startswith("test/") or (name.startswith("val/") and name.endswith("/kept"))


def results(record: Mapping[str, Any]) -> dict[str, Any]:
    """The result's metrics by name; ``None`` where one is not defined.

    Args:
        record: What ``metrics.json`` holds.

    Example:
        >>> from practicum.callbacks.run.results import results
        >>> results({"val/loss": 0.5, "val/loss/kept": 0.4, "test/f1": 0.9})
        {'loss': 0.4, 'f1': 0.9}
    """
    found = {}
    for name in filter(is_result, record):
        stage, _, metric = name.partition("/")
        found[metric if stage == "test" else metric.removesuffix("/kept")] = record[name]
    return found


def measured_on(record: Mapping[str, Any]) -> str:
    """The split that measures the result, as people read it: ``validation`` or ``test``."""
    return "validation" if record.get("tests_on") == "valid" else str(record.get("tests_on", "test"))


def meaning(record: Mapping[str, Any]) -> str:
    """What the split that measures the result means for new data; where training had a part of it, that is said.

    Args:
        record: What ``metrics.json`` holds.
    """
    if leak := leak_measured(record):
        remedy = "keep that run's splits" if leak.endswith(_LEAKS["seen_before"]) else "if they repeat by mistake, remove them"
        return f"{leak}, so that it may be better than it would be on new data; {remedy}."
    if record.get("tests_on") != "valid":
        return TEST_MEANS
    return MEANS if validation_chose(record) else LAST_MEANS


def validation_chose(record: Mapping[str, Any]) -> bool:
    """Whether validation chose the epoch whose weights are kept; a record that says nothing is of a run in which it did.

    Args:
        record: What ``metrics.json`` holds.
    """
    return record.get("weights/chosen_by", "") is not None


def trained_anew(record: Mapping[str, Any]) -> str | None:
    """Say that the weights which were measured are not those of the training that the curves show; ``None`` where they are.

    Args:
        record: What ``metrics.json`` holds.

    Example:
        >>> from practicum.callbacks.run.results import trained_anew
        >>> print(trained_anew({"weights/refit_epochs": 5}))
        The kept weights were trained anew, for 5 epochs, on training and validation examples together
    """
    epochs = record.get("weights/refit_epochs")
    if not epochs:
        return None
    return f"The kept weights were trained anew, for {counted(epochs, 'epoch')}, on training and validation examples together"


def leak_measured(record: Mapping[str, Any]) -> str | None:
    """Say how many examples measure the result although another split has them, too; ``None`` where none is known.

    Args:
        record: What ``metrics.json`` holds.

    Example:
        >>> from practicum.callbacks.run.results import leak_measured
        >>> leak_measured({"tests_on": "test", "data/test": 490, "data/leaked/test": 129})
        '129 of the 490 test examples that measure this result occur in another split, too'
    """
    split = record.get("tests_on", "test")
    for name, what in _LEAKS.items():
        if count := record.get(f"data/{name}/{split}"):
            size, chooses = record.get(f"data/{split}"), split == "valid" and validation_chose(record)
            chose = " (they chose the epoch, too)" if chooses else ""
            total = f" of the {size:,}" if isinstance(size, int) else ""
            return f"{count:,}{total} {measured_on(record)} examples that measure this result{chose} {what}"
    return None


def many_leaked(record: Mapping[str, Any]) -> bool:
    """Whether so many examples that measure the result are in another split that the result is not to be believed.

    Args:
        record: What ``metrics.json`` holds.
    """
    split = record.get("tests_on", "test")
    size = record.get(f"data/{split}")
    most = max((record.get(f"data/{name}/{split}") or 0 for name in _LEAKS), default=0)
    return isinstance(size, int) and most >= _MANY * max(1, size)


def kept_epoch(record: Mapping[str, Any]) -> str | None:
    """Say of which epoch the kept weights are; ``None`` where that is not known, or where they were trained anew.

    Args:
        record: What ``metrics.json`` holds.

    Example:
        >>> from practicum.callbacks.run.results import kept_epoch
        >>> kept_epoch({"weights/epoch": 3, "epochs": 9, "weights/chosen_by": "val/loss"})
        'The kept weights are those of epoch 3 of 9, in which the loss on validation was best'
    """
    epoch, epochs, metric = record.get("weights/epoch"), record.get("epochs"), record.get("weights/chosen_by")
    if not epoch or not epochs or not metric or record.get("weights/refit_epochs"):
        return None
    words = f"{metric_words(str(metric).removeprefix('val/'))} on validation"
    return f"The kept weights are those of epoch {epoch} of {epochs}, in which the {words} was best"


def fine_tuning_gain(record: Mapping[str, Any]) -> str | None:
    """Say what the training of all layers gained over that of the head; ``None`` where there were not both.

    Args:
        record: What ``metrics.json`` holds.

    Example:
        >>> from practicum.callbacks.run.results import fine_tuning_gain
        >>> fine_tuning_gain({"fine_tuning/before": 0.066, "fine_tuning/after": 0.058})
        'Fine-tuning brought the loss on validation from 0.066, with the head alone, to 0.058'
    """
    monitor = str(record.get("fine_tuning/monitor", "val/loss"))
    metric = f"the {metric_words(monitor.removeprefix('val/'))} on validation"
    before, after = record.get("fine_tuning/before"), record.get("fine_tuning/after")
    if before is None or after is None:
        return None
    if better(monitor, after, before):
        return f"Fine-tuning brought {metric} from {four_digits(before)}, with the head alone, to {four_digits(after)}"
    kept = ", which is kept," if record.get("weights/chosen_by") == monitor else ""
    return (
        f"Fine-tuning gained nothing: {metric} is {four_digits(before)} with the head alone{kept} and {four_digits(after)} with "
        "all layers"
    )


def few_measured(record: Mapping[str, Any]) -> str | None:
    """Say how far chance may move a result that few examples measure; ``None`` where there are enough.

    Args:
        record: What ``metrics.json`` holds.

    Example:
        >>> from practicum.callbacks.run.results import few_measured
        >>> few_measured({"tests_on": "valid", "data/valid": 6})
        '6 examples measure this result: chance alone may move it far, an accuracy by .20'
    """
    count = record.get(f"data/{record.get('tests_on', 'test')}")
    if not isinstance(count, int) or not 0 < count < FEW:
        return None
    examples = "1 example measures" if count == 1 else f"{count} examples measure"
    off = f"{0.5 / count**0.5:.2f}".removeprefix("0")
    return f"{examples} this result: chance alone may move it far, an accuracy by {off}"


def baselines(record: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Metrics of each baseline, by its key in the record (``baseline/<key>/<metric>``), the strongest kind first."""
    found: dict[str, dict[str, float]] = {}
    for name, value in record.items():
        kind, _, rest = name.partition("/")
        key, _, metric = rest.partition("/")
        if kind == "baseline" and metric:
            found.setdefault(key, {})[metric] = value
    order = {key: place for place, key in enumerate(TITLES)}
    return dict(sorted(found.items(), key=lambda pair: order.get(pair[0], len(order))))


def baseline_table(record: Mapping[str, Any]) -> list[list[Any]]:
    """A table for people: a head, then for each metric that a baseline has its value and those of the baselines.

    Args:
        record: What ``metrics.json`` holds.

    Returns:
        Rows of equal length; empty without baselines; ``None`` where a baseline lacks a metric.
    """
    found, mine = baselines(record), results(record)
    metrics = [name for name in mine if any(name in each for each in found.values())]
    if not metrics:
        return []
    rows = [[name, mine[name], *(each.get(name) for each in found.values())] for name in metrics]
    return [["", "this run", *(TITLES.get(key, key) for key in found)], *rows]
