"""Base of figures of regression: collects a test's predictions, targets and rows."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import LightningModule, Trainer
from torch import Tensor

from ...module_outputs.test_outputs import regression_outputs
from ..figure_callback import FigureCallback

Numbers = np.ndarray[Any, np.dtype[np.float64]]


def relative_or_absolute(predicted: Numbers, true: Numbers) -> tuple[Numbers, str]:
    """Return the error of each row ``[N]`` and its name: relative where all targets are positive, else in the target's units."""
    if len(true) and true.min() > 0:
        return (predicted - true) / true, "relative error"
    return predicted - true, "error"


class RegressionFigure(FigureCallback):
    """Base of callbacks that show how a test's predictions differ from its targets.

    Needs ``test_step`` to return a dictionary with ``prediction`` (``[B]``, or ``[B, quantiles]``, of which the middle one is
    used) and ``target`` ``[B]``; for a test that returns anything else nothing is shown. Under several processes the first one
    shows its own rows.

    Args:
        folder: Output folder, relative to ``trainer.default_root_dir``.
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures") -> None:
        super().__init__()
        self.folder = folder
        self._batches: list[tuple[Tensor, Tensor]] = []

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset."""
        self._batches = []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Collect one batch."""
        numbers = regression_outputs(outputs)
        if numbers is not None and trainer.is_global_zero:
            self._batches.append((numbers[0].cpu(), numbers[1].cpu()))

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show what was collected."""
        if not self._batches:
            return
        predicted, true = (torch.cat(parts).double().numpy() for parts in zip(*self._batches, strict=True))
        self._batches = []
        datamodule: Any = getattr(trainer, "datamodule", None)
        columns = datamodule.row_columns(datamodule.tests_on) if hasattr(datamodule, "row_columns") else {}
        mine = {name: values[:: trainer.world_size][: len(true)] for name, values in columns.items()}
        self.show(trainer, pl_module, predicted, true, mine)

    @abstractmethod
    def show(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        predicted: Numbers,
        true: Numbers,
        columns: dict[str, list[Any]],
    ) -> None:
        """Draw or write.

        Args:
            trainer: Tells where to write.
            pl_module: The module tested.
            predicted: ``[N]``.
            true: ``[N]``.
            columns: The rows' original columns, by name; empty where the data module has no ``row_columns``.
        """
