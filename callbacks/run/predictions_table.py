"""Predictions as a table: what the model says of every row of a test, beside what is true.

**What it holds.** ``predictions.csv``: the row's name, ``true``, ``predicted`` and the module's own columns (for a classifier the
probability of each class), in the order of the data.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ..figures.images.example_batch import label_of
from ..module_outputs.test_outputs import classification_outputs, regression_outputs
from .atomic_file import write_columns


class PredictionsTable(Callback):
    """Writes the predictions of a test.

    Needs ``test_step`` to return a dictionary with ``target`` and either ``logits`` or, of numbers, ``prediction``; and the
    module to have ``prediction_table(predictions)`` and, for logits, ``probabilities(logits)``. What a row is called is taken
    from the data module's ``row_columns(tests_on)`` or ``row_names(tests_on)`` where it has them. Under several processes each
    writes its own rows, with its rank in the name.

    Args:
        path: The CSV.

    Raises:
        MisconfigurationException: The module lacks one of these methods.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)
        self._rows: list[tuple[Tensor, Tensor]] = []

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin anew."""
        if not callable(getattr(pl_module, "prediction_table", None)):
            raise MisconfigurationException(f"PredictionsTable needs {type(pl_module).__name__}.prediction_table().")
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
        if regression_outputs(outputs) is not None:
            self._rows.append((outputs["prediction"].cpu(), outputs["target"].cpu()))
            return
        logits, target = classification_outputs(outputs, type(self).__name__)
        if not callable(getattr(pl_module, "probabilities", None)):
            raise MisconfigurationException(f"PredictionsTable needs {type(pl_module).__name__}.probabilities().")
        self._rows.append((pl_module.probabilities(logits).cpu(), target.cpu()))  # type: ignore[operator]

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write them, whole or not at all."""
        if not self._rows:
            return
        probabilities, targets = (torch.cat(parts) for parts in zip(*self._rows, strict=True))
        rank, processes = trainer.global_rank, trainer.world_size
        datamodule: Any = getattr(trainer, "datamodule", None)
        rows: dict[str, list[Any]]
        if hasattr(datamodule, "row_columns"):
            rows = datamodule.row_columns(datamodule.tests_on)
        elif hasattr(datamodule, "row_names"):
            rows = {"file": datamodule.row_names(datamodule.tests_on)}
        else:
            rows = {"file": list(map(str, range(processes * len(targets))))}
        classes = getattr(pl_module, "classes", None)
        table: dict[str, list[Any]] = {
            **{name: values[rank::processes][: len(targets)] for name, values in rows.items()},
            "true": [label_of(target, classes) for target in targets],
            **pl_module.prediction_table(probabilities),  # type: ignore[operator]
        }
        path = self.path if processes == 1 else self.path.with_stem(f"{self.path.stem}-rank{rank}")
        write_columns(path, table)
        self._rows = []
