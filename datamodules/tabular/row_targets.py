"""The targets of new rows, for a trained model to be scored by."""

from __future__ import annotations

import polars as pl
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from ..files.quoting import listed, quoted
from .categories import CategoricalColumn
from .preprocessor import TablePreprocessor
from .readers import as_number, require_columns


def row_targets(rows: pl.DataFrame, steps: TablePreprocessor, where: str) -> Tensor:
    """What the target's column holds.

    Args:
        rows: Without marks of missing values.
        steps: The preprocessing fitted in training.
        where: Their origin, for messages.

    Returns:
        Numbers ``float32 [N]``, or class indices ``int64 [N]``.

    Raises:
        MisconfigurationException: The column is missing, a row has no target, or a class is none of training's.
    """
    name = steps.target
    require_columns(where, rows.columns, [name])
    values = rows[name]
    missing = values.is_null()
    if steps.classes is None:
        numbers = as_number(values, where)
        missing, targets = numbers.is_null(), numbers.fill_null(0.0)
    else:
        targets = CategoricalColumn(_dtype(steps.classes), steps.classes).encode(values) - 1
    if missing.any():
        raise MisconfigurationException(
            f"{where}: {missing.sum():,} of {len(rows):,} rows have no {quoted(name)} to score by, the first is row "
            f"{(missing.arg_max() or 0) + 1:,}; fill it in, or leave these rows out."
        )
    if steps.classes is None:
        return torch.from_numpy(targets.to_numpy().copy()).float()
    unknown = targets < 0
    if unknown.any():
        row = unknown.arg_max() or 0
        raise MisconfigurationException(
            f"{where}: row {row + 1:,} has {name}={quoted(str(values[row]))}, which is none of the run's classes "
            f"({listed(steps.classes, 8)}); correct it, or leave such rows out."
        )
    return torch.from_numpy(targets.to_numpy().copy()).long()


def _dtype(classes: list[str]) -> str:
    """The type that training read classes as: they are written as that type writes them."""
    texts = pl.Series(classes, dtype=pl.String)
    for dtype in (pl.Int64, pl.Float64):
        if texts.cast(dtype, strict=False).cast(pl.String).equals(texts):
            return str(dtype)
    return "Boolean" if {*classes} <= {"true", "false"} else "String"
