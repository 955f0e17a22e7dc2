"""Continuous columns: what is known of one from training's rows, by which new numbers are clipped, imputed and scaled.

**When to use it.** Inside :class:`.TablePreprocessor`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import polars as pl

from ..files.quoting import quoted
from .readers import as_number

Scaling = Literal["standard", "robust"]  # of numbers: mean and deviation, or median and quartiles


@dataclass
class ContinuousColumn:
    """A fitted continuous column.

    Values outside ``[low, high]`` are clipped: nothing is known of what lies there, and a network would extrapolate in a straight
    line. Days elapsed and days of the year are such numbers wherever rows are split by time.

    Attributes:
        median: Replaces missing values.
        mean: What is subtracted: the mean after imputation, or the median.
        std: What is divided by: the standard deviation after imputation, or the distance of the quartiles; 1 for a constant.
        has_missing: Whether training rows had gaps; an indicator column then follows.
        low: Minimum over training rows.
        high: Maximum over training rows.
    """

    median: float
    mean: float
    std: float
    has_missing: bool
    low: float
    high: float

    @classmethod
    def fit(cls, values: pl.Series, where: object, scaling: Scaling = "standard") -> ContinuousColumn:
        """Compute median, scale and range of a column.

        Args:
            values: Its training rows.
            where: The table, for messages.
            scaling: Whether by mean and standard deviation, or by median and quartiles.

        Raises:
            MisconfigurationException: A text among them is no number.

        Example:
            >>> import polars as pl
            >>> from practicum.datamodules.tabular.continuous import ContinuousColumn
            >>> ContinuousColumn.fit(pl.Series("x", [1.0, None, 3.0]), "new").has_missing
            True
        """
        numbers = as_number(values, where)
        median = numbers.median()
        filled = numbers.fill_null(median if median is not None else 0.0)
        mean, std = (filled.mean(), filled.std()) if scaling == "standard" else (median, _robust_scale(filled))
        return cls(
            float(median or 0.0),  # type: ignore[arg-type]
            float(mean or 0.0),  # type: ignore[arg-type]
            float(std) if std is not None and std > 0 else 1.0,  # type: ignore[arg-type, operator]
            bool(numbers.null_count()),
            float(filled.min() or 0.0),  # type: ignore[arg-type]
            float(filled.max() or 0.0),  # type: ignore[arg-type]
        )

    def check(self, name: str) -> None:
        """Raise if no training can have left this, for what was read from a file.

        Raises:
            ValueError: A number is not finite, or the scale is none.
        """
        if not all(isinstance(each, int | float) and math.isfinite(each) for each in vars(self).values()) or self.std <= 0:
            raise ValueError(f"column {quoted(name)}: its numbers must be finite, and std above 0")


def _robust_scale(values: pl.Series) -> float:
    """The distance of the quartiles; half the range where they are equal, as in a column of mostly zeros."""
    low, high = values.quantile(0.25, "linear") or 0.0, values.quantile(0.75, "linear") or 0.0
    if high > low:
        return high - low
    return (float(values.max() or 0.0) - float(values.min() or 0.0)) / 2  # type: ignore[arg-type]
