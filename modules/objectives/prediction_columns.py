"""Predictions of classes as named columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor


def class_table(classes: Sequence[str], probabilities: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
    """Columns of a table of predictions, a row each.

    Args:
        classes: Their names.
        probabilities: ``[N, classes]``.
        top_k: Give the ``k`` likeliest classes in order of probability instead of every class in a fixed order.

    Returns:
        ``predicted``, then ``probability_<class>``, or ``class_1 probability_1 ...``.
    """
    table: dict[str, list[Any]] = {"predicted": [classes[i] for i in probabilities.argmax(1).tolist()]}
    if top_k is None:
        return table | {f"probability_{name}": probabilities[:, column].tolist() for column, name in enumerate(classes)}
    values, indices = probabilities.topk(min(top_k, len(classes)), dim=1)
    for k in range(values.shape[1]):
        table[f"class_{k + 1}"] = [classes[i] for i in indices[:, k].tolist()]
        table[f"probability_{k + 1}"] = values[:, k].tolist()
    return table
