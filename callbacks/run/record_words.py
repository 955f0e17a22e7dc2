"""A record's names in words, in groups, for people: ``val/auroc/best`` is "AUROC on validation, best of all epochs"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..figures.metric_words import metric_words
from .results import TITLES

_OWN_NAMES = ("user and item biases", "class frequencies")  # baselines named without an article
_WORDS = {
    "status": "how the run ended",
    "seconds": "seconds in all",
    "epochs": "epochs",
    "steps": "optimizer steps",
    "seed": "seed of all random numbers",
    "precision": "precision of the arithmetic",
    "devices": "devices",
    "threads": "threads",
    "parameters": "parameters of the model",
    "tests_on": "split that measures the result",
    "baseline/warning": "warning of a baseline",
    "baseline/sampled": "rows of the baselines",
    "calibration/ece": "expected calibration error",
    "calibration/temperature": "temperature of the calibration",
    "fine_tuning/before": "best value with the head alone",
    "fine_tuning/after": "best value with all layers",
    "fine_tuning/monitor": "metric by which fine-tuning is judged",
    "lr_find/chosen": "range test: rate chosen",
    "lr_find/valley": "range test: rate at the valley",
    "lr_find/steep": "range test: rate where the loss falls fastest",
    "lr_find/minimum": "range test: a tenth of the rate of the lowest loss",
    "lr_find/slide": "range test: rate at the end of the slide",
    "tta/views": "augmented views of each photo in the test",
    "tta/val_loss": "log-loss of validation with augmented views",
    "tta/val_loss/plain": "log-loss of validation without augmented views",
    "weights/source": "where the initial weights came from",
    "weights/pretrained": "initial weights were pretrained",
    "weights/sha256": "SHA-256 of the initial weights",
    "weights/tokens": "tokens that have initial weights",
    "weights/chosen_by": "what chose the epoch of the kept weights",
    "weights/epoch": "epoch of the kept weights",
    "weights/refit_epochs": "epochs of the training on training and validation",
    "data/source": "where the data came from",
    "data/rejected": "left out as unusable",
    "data/sha256": "SHA-256 of the data",
    "data/train": "examples for training",
    "data/valid": "examples for validation",
    "data/test": "examples for the test",
    "data/unsup": "examples without a label, of which language models and word vectors learn, too",
    "data/categorical": "categorical columns",
    "data/continuous": "continuous columns",
    "data/vocabulary": "tokens in the vocabulary",
    "data/csv": "how the CSV is written",
}
_SPLITS = {"train": "training texts", "valid": "validation texts", "test": "test texts", "unsup": "unlabelled texts"}
_OF_SPLITS = {
    "tokens": "tokens of the {}",
    "unknown": "share of unknown tokens in the {}",
    "duplicates": "duplicates among the {}",
}
_ACROSS_SPLITS = {
    "leaked": "{} examples that occur in another split, too",
    "near_duplicates": "{} photos that look like one in another split",
    "seen_before": "{} photos that the weights' run was trained on",
}
_GROUPS = {  # by the beginning of a name; the first that fits
    "Result": ("test/", "known/", "plain/"),
    "Training": ("train/", "val/"),
    "Baselines": ("baseline/",),
    "Time": ("seconds", "epochs", "steps", "status"),
    "Data": ("data/", "tests_on"),
    "Weights": ("weights/", "parameters"),
    "Machine and versions": ("seed", "precision", "devices", "threads", "version/"),
}


class RecordLine(NamedTuple):
    """A line of the record: its name in words, its key in ``metrics.json`` and its value."""

    words: str
    key: str
    value: Any


def in_words(key: str) -> str:
    """A record's name in words; one that is unknown keeps its own, without underscores.

    Example:
        >>> from practicum.callbacks.run.record_words import in_words
        >>> in_words("val/auroc/best"), in_words("baseline/linear/rmse"), in_words("data/tokens/train")
        ('AUROC on validation, best of all epochs', 'RMSE of the linear model', 'tokens of the training texts')
    """
    if key in _WORDS:
        return _WORDS[key]
    kind, _, rest = key.partition("/")
    name, _, last = rest.rpartition("/")
    ways = {"best": "best of all epochs", "kept": "kept weights"}
    metric, way = (name, ways[last]) if last in ways else (rest, "last epoch")
    if kind in ("train", "val"):
        return f"{metric_words(metric)} {'in training' if kind == 'train' else 'on validation'}, {way}"
    if kind == "baseline" and name:
        title = TITLES.get(name, name)
        return f"{metric_words(last)} of {title if title[0].isupper() or title in _OWN_NAMES else f'the {title}'}"
    if kind == "data" and name in _OF_SPLITS:
        return _OF_SPLITS[name].format(_SPLITS.get(last, last))
    if kind == "data" and name in _ACROSS_SPLITS:
        return _ACROSS_SPLITS[name].format("validation" if last == "valid" else last)
    simple = {
        "test": f"{metric_words(rest)} on test",
        "known": f"best possible {metric_words(rest)}",
        "plain": f"{metric_words(rest)} on the plain predictions, without test-time augmentation and the like",
        "seconds": f"seconds of {rest}",
        "version": f"version of {rest}",
    }
    return simple.get(kind, key.replace("/", ": ").replace("_", " ")) if rest else key.replace("_", " ")


def record_groups(record: Mapping[str, Any]) -> dict[str, list[RecordLine]]:
    """A record in groups, in the order in which they are read; what repeats another line (``train/loss_epoch``) is left out.

    Args:
        record: What ``metrics.json`` holds.
    """
    groups: dict[str, list[RecordLine]] = {title: [] for title in (*list(_GROUPS)[:3], "Techniques", *list(_GROUPS)[3:])}
    for key, value in record.items():
        bare = key.replace("_epoch", "").replace("_step", "")
        if bare != key and bare in record and key.startswith("train/"):
            continue
        kept = key.startswith("val/") and key.endswith("/kept")
        title = next((title for title, starts in _GROUPS.items() if key.startswith(starts)), "Techniques")
        shown = "nothing: the last one's are kept" if key == "weights/chosen_by" and value is None else value
        words = in_words(key)
        if f"data/tokens/{key.removeprefix('data/')}" in record:
            words = words.replace("examples", "texts, or parts of a long one,")
        groups["Result" if kept else title].append(RecordLine(words, key, shown))
    return {title: lines for title, lines in groups.items() if lines}
