"""What a record tells of callbacks that transform predictions: the result without them, and where they harm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..figures.counted import counted
from ..figures.four_digits import four_digits
from ..figures.metric_direction import better
from ..figures.metric_words import metric_words
from .results import results


def plain_values(record: Mapping[str, Any]) -> str | None:
    """Say what the result is without test-time augmentation, temperature and the like; ``None`` where nothing was transformed.

    Args:
        record: What ``metrics.json`` holds.

    Example:
        >>> from practicum.callbacks.run.transformed_results import plain_values
        >>> plain_values({"test/f1": 0.9, "plain/f1": 0.92, "tta/views": 4})
        'Predictions are averaged over each photo and 4 augmented views of it; without: F1 0.92'
    """
    values = {name.removeprefix("plain/"): value for name, value in record.items() if name.startswith("plain/")}
    views, left_out, found = record.get("tta/views"), views_left_out(record), results(record)
    if left_out is not None and all(found.get(name, value) == value for name, value in values.items()):
        return left_out
    shown = ", ".join(
        f"{metric_words(name)} {four_digits(value)}{', which is better' if better_plain(record, name) else ''}"
        for name, value in values.items()
        if value is not None
    )
    if not shown:
        return None
    how = f"averaged over each photo and {counted(views, 'augmented view')} of it" if views else "transformed by callbacks"
    return f"Predictions are {how}; without: {shown}" + (f". {left_out}" if left_out else "")


def better_plain(record: Mapping[str, Any], metric: str) -> bool:
    """Whether a result is better without the callbacks that transform predictions.

    Args:
        record: What ``metrics.json`` holds.
        metric: Name of the result.

    Example:
        >>> from practicum.callbacks.run.transformed_results import better_plain
        >>> better_plain({"test/f1": 0.9, "plain/f1": 0.92, "tests_on": "test"}, "f1")
        True
    """
    plain, found = record.get(f"plain/{metric}"), results(record).get(metric)
    return plain is not None and found is not None and better(metric, plain, than=found)


def views_left_out(record: Mapping[str, Any]) -> str | None:
    """Say why predictions are made without augmented views; ``None`` unless they raise the log-loss of validation.

    Args:
        record: What ``metrics.json`` holds.

    Example:
        >>> from practicum.callbacks.run.transformed_results import views_left_out
        >>> views_left_out({"tta/views": 0, "tta/val_loss": 0.564, "tta/val_loss/plain": 0.396})
        'Augmented views are left out: with them the log-loss of validation is 0.564, without 0.396'
    """
    if record.get("tta/views") != 0:
        return None
    losses = [record.get("tta/val_loss"), record.get("tta/val_loss/plain")]
    averaged, plain = ("not a number" if each is None else four_digits(each) for each in losses)
    return f"Augmented views are left out: with them the log-loss of validation is {averaged}, without {plain}"
