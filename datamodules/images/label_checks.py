"""Labels that may be meant otherwise: several in one, numbers, marks of a missing one; and classes too rare to validate."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from practicum.lightning_shim import MisconfigurationException

from ..files.quoting import listed, quoted
from ..files.say_once import say_once
from ..loading.missing_labels import missing_label
from .layouts import Photos

_SEPARATORS = (";", "|", ",", " ")
_NUMBERS = 10  # different ones, from which on numbers with few photos each are a quantity rather than classes
_FEW = 5  # photos of each


def check_labels(photos: Photos, separator: str | None, where: object) -> None:
    """Say what may be meant otherwise.

    Args:
        photos: The photos that are used.
        separator: Of several labels of one photo; ``None``: each has one.
        where: The data, for the message.

    Raises:
        MisconfigurationException: There is a separator, and each photo has exactly one label.
    """
    if separator is not None:
        if len(photos) and all(len(labels) == 1 for labels in photos.labels):
            example = photos.labels[0][0]
            raise MisconfigurationException(
                f"{where}: label_separator={quoted(separator)} separates no labels (such as {quoted(example)}); correct it, or "
                "leave it out where each photo has one label."
            )
        return
    counts = Counter(labels[0] for labels in photos.labels)
    if (mark := missing_label(sorted(counts))) is not None:
        say_once(f"{where}: {quoted(mark)} is a class; if it means that a label is missing, leave those photos out.")
    if sentence := _several_in_one(counts):
        say_once(f"{where}: {sentence}")
    if sentence := _numbers(counts):
        say_once(f"{where}: {sentence}")


def _several_in_one(counts: Counter[str]) -> str | None:
    """A sentence where labels look like several in one."""
    for separator in _SEPARATORS:
        joined = [label for label in counts if len(_parts(label, separator)) > 1]
        parts = {part for label in counts for part in _parts(label, separator)}
        known = all(part in counts for label in joined for part in _parts(label, separator))
        if joined and (known or (separator in _SEPARATORS[:2] and len(parts) < len(counts))):
            return (
                f"{len(joined):,} of {len(counts):,} labels hold several names ({quoted(joined[0])}), and each combination is a "
                f"class of its own; \"data.label_separator='{separator}'\" gives a photo several labels."
            )
    return None


def _parts(label: str, separator: str) -> list[str]:
    return [part.strip() for part in label.split(separator) if part.strip()]


def _numbers(counts: Counter[str]) -> str | None:
    """A sentence where labels look like a quantity."""
    try:
        values = [float(label) for label in counts]
    except ValueError:
        return None
    if not all(map(math.isfinite, values)):
        return None
    fractions = any(value % 1 for value in values)
    if len(values) < _NUMBERS or (sum(counts.values()) / len(values) > _FEW and not fractions):
        return None
    return (
        f"labels are {len(values):,} different numbers, and each is a class of its own, as photos are classified; quantities "
        "can't be predicted here: write ranges, such as 20-29, as labels."
    )


def say_unvalidated(photos: Photos, classes: Sequence[str], fraction: float, where: object) -> None:
    """Say which classes validation lacks, and where it takes much more than its share, in a split that was drawn here.

    Args:
        photos: The photos with their splits.
        classes: Those of training.
        fraction: Share that was to validate.
        where: The data, for the message.
    """
    there = {name for labels, split in zip(photos.labels, photos.splits, strict=True) if split == "valid" for name in labels}
    lacking = [name for name in classes if name not in there]
    grouped = any(photos.groups)
    if lacking:
        why, what = ("groups", "photos of other groups") if grouped else ("photos", "photos")
        say_once(
            f"{where}: no photo validates of classes that have too few {why} ({listed(lacking, 5)}), so that nothing tells how "
            f"well they are recognized; add {what} of them."
        )
    count = photos.splits.count("valid")
    if count > 2 * fraction * len(photos) and not grouped:
        say_once(
            f"{where}: {count:,} of {len(photos):,} photos validate, as at least one of each class does; add photos to the "
            "classes that have few."
        )
