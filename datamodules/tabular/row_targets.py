"""The targets of new rows, for a trained model to be scored by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor

from ..files.csv_format import CSVFormat
from ..files.csv_numbers import as_plain_number
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
        dtype = _dtype(steps.classes)
        usual = _usual_numbers(values, steps.csv) if dtype in ("Int64", "Float64") else values
        classes = [each.lower() for each in steps.classes] if dtype == "Boolean" else steps.classes
        targets = CategoricalColumn(dtype, classes).encode(usual) - 1
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


def _usual_numbers(values: pl.Series, csv: Mapping[str, Any] | None) -> pl.Series:
    """Texts of numbers in training's notation (``1,0``) as usual ones; the rest as it is."""
    if csv is None or values.dtype != pl.String:
        return values
    form, text = CSVFormat.from_dict(csv), pl.col(values.name)
    return values.to_frame().select(pl.coalesce(as_plain_number(text, form.decimal, form.thousands), text)).to_series()


def _dtype(classes: list[str]) -> str:
    """The type that training read classes as: they are written as that type writes them."""
    texts = pl.Series(classes, dtype=pl.String)
    for dtype in (pl.Int64, pl.Float64):
        if texts.cast(dtype, strict=False).cast(pl.String).equals(texts):
            return str(dtype)
    is_truth = len(classes) == 2 and {each.lower() for each in classes} == {"true", "false"}
    return "Boolean" if is_truth else "String"
