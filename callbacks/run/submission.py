"""The submission to a challenge, written at the end of a run: ``submission.csv`` in Kaggle's format.

**When to use it.** Where the data module has the challenge's test inputs; a prediction in the format ``kaggle`` writes
the same later.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from ..files.atomic_file import write_columns
from ..roles import Watcher

_DATA_HAS = ("test_inputs", "for_prediction", "submission_columns")


class Submission(Watcher):
    """Predicts a challenge's test inputs after a test, with the weights that were tested.

    Needs a data module with ``test_inputs()`` (a path, or ``None``: then nothing is written), ``for_prediction(path)``, which
    returns a data module with ``predict_dataloader()`` and ``row_columns()``, and ``submission_columns(table)``; and a module
    with ``predict_step`` and ``columns(predictions)``. The first process does it all.

    Args:
        path: The CSV.

    Raises:
        MisconfigurationException: One of these is missing.

    Example:
        >>> from practicum.callbacks import Submission
        >>> callback = Submission("run/submission.csv")  # Trainer(callbacks=[callback]) writes it after a test
        >>> callback.path.name
        'submission.csv'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Predict and write."""
        if not trainer.is_global_zero or trainer.fast_dev_run:  # type: ignore[attr-defined] # a trial of the code
            return
        module: Any = pl_module
        datamodule: Any = getattr(trainer, "datamodule", None)
        for owner, name in [*((datamodule, each) for each in _DATA_HAS), (module, "columns")]:
            if not hasattr(owner, name):
                raise MisconfigurationException(f"Submission needs {type(owner).__name__}.{name}().")
        inputs = datamodule.test_inputs()
        if inputs is None:
            return
        new = datamodule.for_prediction(inputs)
        with torch.inference_mode(), trainer.precision_plugin.forward_context():
            batches = enumerate(new.predict_dataloader())
            predictions = [
                module.predict_step(trainer.strategy.batch_to_device(batch), number).cpu() for number, batch in batches
            ]
        table = new.row_columns() | module.columns(torch.cat(predictions))
        write_columns(self.path, datamodule.submission_columns(table))
