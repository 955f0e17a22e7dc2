"""What pictures of predicted numbers share: they collect a test's predictions, targets and rows."""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import Callback, LightningModule, Trainer
from torch import Tensor

from ...module_outputs.test_outputs import regression_outputs

Numbers = np.ndarray[Any, np.dtype[np.float64]]


def relative_or_absolute(predicted: Numbers, true: Numbers) -> tuple[Numbers, str]:
    """Errors of each row, as a share of the target where all are positive, else in its own units; and what to call them."""
    if len(true) and true.min() > 0:
        return (predicted - true) / true, "relative error"
    return predicted - true, "error"


class NumbersOfTest(Callback):
    """Base of callbacks that show how a test's predicted numbers differ from the true ones.

    Needs ``test_step`` to return a dictionary with ``prediction`` (``[B]``, or ``[B, quantiles]``, of which the middle one
    counts) and ``target`` ``[B]``; of a test that returns anything else nothing is shown. Under several processes the first one
    shows its own rows.

    Args:
        folder: For pictures.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        self.folder = Path(folder)
        self._rows: list[tuple[Tensor, Tensor]] = []

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        self._rows = []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Take one batch."""
        numbers = regression_outputs(outputs)
        if numbers is not None and trainer.is_global_zero:
            self._rows.append((numbers[0].cpu(), numbers[1].cpu()))

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show them."""
        if not self._rows:
            return
        predicted, true = (torch.cat(parts).double().numpy() for parts in zip(*self._rows, strict=True))
        self._rows = []
        datamodule: Any = getattr(trainer, "datamodule", None)
        columns = datamodule.row_columns(datamodule.tests_on) if hasattr(datamodule, "row_columns") else {}
        mine = {name: values[:: trainer.world_size][: len(true)] for name, values in columns.items()}
        self.show(predicted, true, mine)

    @abstractmethod
    def show(self, predicted: Numbers, true: Numbers, columns: dict[str, list[Any]]) -> None:
        """Draw or write.

        Args:
            predicted: ``[N]``.
            true: ``[N]``.
            columns: The rows' original columns, by name; empty where the data module has no ``row_columns``.
        """
