"""Training rows as a table, as a network gets them: categories by name, numbers scaled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from practicum.lightning_shim import MisconfigurationException

UNKNOWN = "(unknown)"  # code 0: a category that training doesn't have, or that is missing


def batch_frame(batch: Any, facts: Mapping[str, Any], count: int) -> pl.DataFrame:
    """The first rows of a batch.

    Args:
        batch: ``(x, y)``, ``x`` with codes of categories ``int [B, C]`` first and numbers ``[B, N]`` second, if any.
        facts: What ``describe()`` of the data module returned.
        count: Rows, at most.

    Raises:
        MisconfigurationException: ``count`` is below 1.

    Example:
        >>> import torch
        >>> from practicum.datamodules.tabular.show_batch import batch_frame
        >>> batch = (torch.tensor([[2], [0]]), torch.tensor([[0.5], [-1.0]])), torch.tensor([0, 1])
        >>> facts = {"categories": {"shop": ["a", "b"]}, "continuous": ["price"], "classes": ["no", "yes"]}
        >>> batch_frame(batch, facts, 5).rows()
        [('b', 0.5, 'no'), ('(unknown)', -1.0, 'yes')]
    """
    if count < 1:
        raise MisconfigurationException(f"show_batch: count={count} must be at least 1.")
    x, y = batch
    columns: dict[str, list[Any]] = {}
    for place, (name, levels) in enumerate(facts["categories"].items()):
        named = [UNKNOWN, *levels]
        columns[name] = [named[code] for code in x[0][:count, place].tolist()]
    for place, name in enumerate(facts.get("continuous", ())):
        columns[name] = [round(value, 3) for value in x[1][:count, place].tolist()]
    classes, target = facts.get("classes"), y[:count].tolist()
    columns["target" if "target" not in columns else "target (to predict)"] = (
        target if classes is None else [classes[int(each)] for each in target]
    )
    return pl.DataFrame(columns)
