"""Predictions as a table: the prediction of every row of a test beside its target.

**What it holds.** ``predictions.csv``: the row's name or columns, ``true``, ``predicted`` and the module's other columns (for a
classifier the probability of each class), in the order of the data.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.utils.data import DistributedSampler

from ..files.atomic_file import write_columns
from ..module_outputs.labels import label_of
from ..module_outputs.logits import is_multi_label, to_probabilities
from ..module_outputs.test_outputs import classification_outputs, regression_outputs
from ..roles import Watcher
from ..trainer_internals.gather import gather_objects


def rows_in_order(counts: Sequence[int], total: int | None = None) -> tuple[list[int], list[int]]:
    """Put the rows that several processes have tested into the order of the data.

    A distributed sampler without shuffling deals row ``i`` to process ``i % processes``. One that makes all shares equally
    long, as torch's does, deals the first rows again at the end: these are left out.

    Args:
        counts: How many rows each process has tested, by rank.
        total: Rows of the data; ``None``: unknown, then nothing is left out.

    Returns:
        Places in the processes' rows, one process's after another's, and the number of the row at each place.
    """
    numbers = [number * len(counts) + rank for rank, count in enumerate(counts) for number in range(count)]
    places = [place for place in range(len(numbers)) if total is None or numbers[place] < total]
    places.sort(key=numbers.__getitem__)
    return places, [numbers[place] for place in places]


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
    ``true``, ``predicted`` ... becomes ``true (input)``: see :func:`join_columns`. Under several processes the first one
    writes the rows of all, each once, in the order of the data: see :func:`rows_in_order`. All hold them in memory then.

    Args:
        path: The CSV.

    Raises:
        MisconfigurationException: The module has no ``columns``, or ``test_step`` returns something else.

    Example:
        >>> from practicum.callbacks import PredictionsTable
        >>> from practicum.callbacks.run.predictions_table import rows_in_order
        >>> callback = PredictionsTable("run/predictions.csv")  # Trainer(callbacks=[callback]) writes it after a test
        >>> places, numbers = rows_in_order([3, 3], total=5)  # two processes; row 0 was dealt twice, lest one have fewer
        >>> ["ace", "bda"][0] + ["ace", "bda"][1], "".join("acebda"[place] for place in places), numbers
        ('acebda', 'abcde', [0, 1, 2, 3, 4])
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
        if (numbers := regression_outputs(outputs)) is not None:
            self._batches.append((outputs["prediction"].cpu(), numbers[1].cpu()))
            return
        logits, target = classification_outputs(outputs, type(self).__name__)
        self._batches.append((to_probabilities(logits, is_multi_label(pl_module, None)).cpu(), target.cpu()))

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the table."""
        mine = tuple(torch.cat(parts) for parts in zip(*self._batches, strict=True)) if self._batches else None
        self._batches = []
        shares = gather_objects(trainer, mine)
        tested = [share for share in shares if share is not None]
        if not (tested and trainer.is_global_zero) or trainer.fast_dev_run:  # type: ignore[attr-defined] # a trial of the code
            return
        predictions, targets = (torch.cat(parts) for parts in zip(*tested, strict=True))
        rows = _rows_of(trainer)
        if trainer.world_size == 1:
            rows = {name: values[: len(targets)] for name, values in rows.items()} or {
                "file": list(map(str, range(len(targets))))
            }
        else:
            counts = [0 if share is None else len(share[1]) for share in shares]
            places, numbers = rows_in_order(counts, len(next(iter(rows.values()))) if rows else _dealt_rows(trainer))
            predictions, targets = predictions[places], targets[places]
            rows = {name: [values[number] for number in numbers] for name, values in rows.items()} or {
                "file": list(map(str, numbers))
            }
        classes = getattr(pl_module, "classes", None)
        predicted: dict[str, list[Any]] = {
            "true": [label_of(target, classes) for target in targets],
            **pl_module.columns(predictions),  # type: ignore[operator]
        }
        write_columns(self.path, join_columns(rows, predicted))


def _rows_of(trainer: Trainer) -> dict[str, list[Any]]:
    """The columns or names of the rows that are tested; none where the data module doesn't tell."""
    datamodule: Any = getattr(trainer, "datamodule", None)
    if hasattr(datamodule, "row_columns"):
        return datamodule.row_columns(datamodule.tests_on)
    if hasattr(datamodule, "row_names"):
        return {"file": datamodule.row_names(datamodule.tests_on)}
    return {}


def _dealt_rows(trainer: Trainer) -> int | None:
    """How many rows a distributed sampler has dealt, without those that it dealt twice; ``None``: no such sampler."""
    sampler = getattr(trainer.test_dataloaders, "sampler", None)
    return len(sampler.dataset) if isinstance(sampler, DistributedSampler) else None  # type: ignore[arg-type]
