"""Predictions as a table: the prediction of every row of a test beside its target.

**What it holds.** ``predictions.csv``: the row's name or columns, ``true``, ``predicted`` and the module's other columns (for a
classifier the probability of each class), in the order of the data.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ..files.atomic_file import write_columns
from ..module_outputs.labels import label_of
from ..module_outputs.logits import is_multi_label, to_probabilities
from ..module_outputs.test_outputs import classification_outputs, regression_outputs
from ..roles import Watcher


def rows_of_process(rows: dict[str, list[Any]], rank: int, processes: int, count: int) -> dict[str, list[Any]]:
    """Return the rows that a process tests, as a distributed sampler without shuffling deals them.

    Args:
        rows: Columns by name, of all rows.
        rank: The process.
        processes: Number of processes.
        count: Number of rows that the process tests.
    """
    return {name: values[rank::processes][:count] for name, values in rows.items()}


def join_columns(rows: Mapping[str, list[Any]], predicted: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Join a table's own columns and those of its predictions; none replaces another.

    Args:
        rows: The columns of the data. One that is called like a column of the predictions is renamed ``<name> (input)``.
        predicted: The columns of the predictions.

    Returns:
        The columns of the data, then those of the predictions.
    """
    joined: dict[str, list[Any]] = {}
    for name, values in rows.items():
        own = name
        while own in predicted or (own != name and (own in rows or own in joined)):
            own += " (input)"
        joined[own] = values
    return joined | dict(predicted)


class PredictionsTable(Watcher):
    """Writes the predictions of a test.

    Needs ``test_step`` to return a dictionary with ``target`` and either ``logits`` or, for regression, ``prediction``; and the
    module to have ``columns(predictions)``, which takes probabilities ``[N, classes]`` or the predictions. The first columns are
    the data module's ``row_columns(tests_on)`` or ``row_names(tests_on)`` where it has them; one of the data's own that is called
    ``true``, ``predicted`` ... becomes ``true (input)``: see :func:`join_columns`. Under several processes each writes
    its own rows, with its rank in the file's name.

    Args:
        path: The CSV.

    Raises:
        MisconfigurationException: The module has no ``columns``, or ``test_step`` returns something else.

    Example:
        >>> from practicum.callbacks import PredictionsTable
        >>> from practicum.callbacks.run.predictions_table import rows_of_process
        >>> callback = PredictionsTable("run/predictions.csv")  # Trainer(callbacks=[callback]) writes it after a test
        >>> rows_of_process({"file": ["a", "b", "c", "d", "e"]}, rank=1, processes=2, count=2)
        {'file': ['b', 'd']}
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)
        self._batches: list[tuple[Tensor, Tensor]] = []

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise if the module has no ``columns``, before anything is trained."""
        if not callable(getattr(pl_module, "columns", None)):
            raise MisconfigurationException(f"PredictionsTable needs {type(pl_module).__name__}.columns().")

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset."""
        self.on_fit_start(trainer, pl_module)
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
        if regression_outputs(outputs) is not None:
            self._batches.append((outputs["prediction"].cpu(), outputs["target"].cpu()))
            return
        logits, target = classification_outputs(outputs, type(self).__name__)
        self._batches.append((to_probabilities(logits, is_multi_label(pl_module, None)).cpu(), target.cpu()))

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the table."""
        if not self._batches:
            return
        predictions, targets = (torch.cat(parts) for parts in zip(*self._batches, strict=True))
        self._batches = []
        rank, processes, module = trainer.global_rank, trainer.world_size, pl_module
        datamodule: Any = getattr(trainer, "datamodule", None)
        rows: dict[str, list[Any]]
        if hasattr(datamodule, "row_columns"):
            rows = datamodule.row_columns(datamodule.tests_on)
        elif hasattr(datamodule, "row_names"):
            rows = {"file": datamodule.row_names(datamodule.tests_on)}
        else:
            rows = {"file": list(map(str, range(processes * len(targets))))}
        classes = getattr(module, "classes", None)
        predicted: dict[str, list[Any]] = {
            "true": [label_of(target, classes) for target in targets],
            **module.columns(predictions),  # type: ignore[operator]
        }
        table = join_columns(rows_of_process(rows, rank, processes, len(targets)), predicted)
        write_columns(self.path if processes == 1 else self.path.with_stem(f"{self.path.stem}-rank{rank}"), table)
