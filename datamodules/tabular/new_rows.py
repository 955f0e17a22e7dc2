"""New rows for a trained model: read, encoded by the run's preprocessing, and served for prediction."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import torch
from practicum.lightning_shim import LightningDataModule, MisconfigurationException
from torch import Tensor
from torchdata.stateful_dataloader import StatefulDataLoader

from .preprocessor import TablePreprocessor
from .readers import as_lazy_frame, read_table
from .row_batches import row_loader

log = logging.getLogger(__name__)

TableSource = str | os.PathLike[str] | Any  # a path, or a frame of polars or pandas


class NewRows(LightningDataModule):
    """Rows to predict, see :meth:`.Table.for_prediction`.

    Args:
        rows: As they were read.
        batches: Their encoded batches, in the same order; targets are NaN.

    Attributes:
        rejected: Empty; every row gets a prediction.
    """

    def __init__(self, rows: pl.DataFrame, batches: Any) -> None:
        super().__init__()
        self.rows, self.batches = rows, batches
        self.rejected: list[tuple[str, str]] = []

    def predict_dataloader(self) -> StatefulDataLoader[Any]:
        """All rows, in the order of the source."""
        return row_loader(self.batches)

    def source_rows(self) -> pl.DataFrame:
        """The rows as they were read."""
        return self.rows

    def row_columns(self) -> dict[str, list[Any]]:
        """The rows' columns, to be written beside the predictions."""
        return self.rows.to_dict(as_series=False)


def source_name(source: TableSource) -> str:
    """What messages call a source."""
    return str(source) if isinstance(source, str | os.PathLike) else "the new rows"


def open_source(source: TableSource) -> pl.LazyFrame:
    """Open a path, or a frame of polars or pandas.

    Raises:
        MisconfigurationException: It can't be read.
    """
    return read_table(Path(source)) if isinstance(source, str | os.PathLike) else as_lazy_frame(source)


def collect_rows(source: TableSource, read: Callable[[TableSource], pl.LazyFrame] = open_source) -> pl.DataFrame:
    """Read new rows.

    Raises:
        MisconfigurationException: The source can't be read, or is empty.
    """
    try:
        frame = read(source).collect()
    except pl.exceptions.PolarsError as error:
        raise MisconfigurationException(f"{source_name(source)}: can't be read as a table: {error}") from error
    if not len(frame):
        raise MisconfigurationException(f"{source_name(source)}: has no rows.")
    return frame


def encode_rows(frame: pl.DataFrame, steps: TablePreprocessor, where: object) -> tuple[Tensor, Tensor, Tensor]:
    """Encode new rows; a warning counts the values that training didn't have.

    Args:
        frame: The rows.
        steps: The preprocessing fitted in training.
        where: The rows' origin, for messages.

    Returns:
        Codes ``int32 [N, categorical]``, numbers ``float32 [N, continuous]`` and NaN targets ``float32 [N]``.

    Raises:
        MisconfigurationException: A column is missing or has the wrong type.
    """
    codes, numbers, unknown = steps.transform(frame, where)
    for column, values in unknown.items():
        log.warning(
            f"{where}: {len(values):,} of {len(frame):,} rows have a {column} that did not occur in training ({values[0]!r}); "
            "it counts as unknown."
        )
    return torch.from_numpy(codes), torch.from_numpy(numbers), torch.full((len(frame),), float("nan"))
