"""Class probabilities as named columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor


def class_columns(classes: Sequence[str], probabilities: Tensor, top_k: int | None = None) -> dict[str, list[Any]]:
    """Columns of a table of predictions.

    Args:
        classes: Names of the classes.
        probabilities: ``[N, classes]``.
        top_k: Give the ``k`` most probable classes in order of probability instead of every class in a fixed order.

    Returns:
        ``predicted``, then ``probability_<class>``, or ``class_1 probability_1 ...``.
    """
    columns: dict[str, list[Any]] = {"predicted": [classes[i] for i in probabilities.argmax(1).tolist()]}
    if top_k is None:
        return columns | {f"probability_{name}": probabilities[:, i].tolist() for i, name in enumerate(classes)}
    values, indices = probabilities.topk(min(top_k, len(classes)), dim=1)
    for k in range(values.shape[1]):
        columns[f"class_{k + 1}"] = [classes[i] for i in indices[:, k].tolist()]
        columns[f"probability_{k + 1}"] = values[:, k].tolist()
    return columns
