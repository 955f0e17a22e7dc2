"""The answer to a challenge, written at the end of a run: ``submission.csv`` in the form that Kaggle takes.

**When to use it.** Where the data module knows what the challenge asks about; ``predict.py ... format=kaggle`` writes the same
later.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer

from .atomic_file import write_columns


class Submission(Callback):
    """Predicts what the challenge asks about after a test, with the weights that were tested.

    Needs a data module with ``asked()`` (a path, or ``None``: then nothing is written), ``predict_from(path)``,
    ``predict_dataloader()``, ``row_columns("predict")`` and ``submission(table)``; and a module with ``predict_step`` and
    ``prediction_table``. The first process does it all.

    Args:
        path: The CSV.

    Raises:
        MisconfigurationException: One of these is missing.
    """

    watches_only = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Predict and write, whole or not at all."""
        if not trainer.is_global_zero:
            return
        datamodule: Any = copy.copy(getattr(trainer, "datamodule", None))  # whose new rows are its own
        module: Any = pl_module
        wanted = {"asked": datamodule, "submission": datamodule, "row_columns": datamodule, "prediction_table": module}
        for name, owner in wanted.items():
            if not hasattr(owner, name):
                raise MisconfigurationException(f"Submission needs {type(owner).__name__}.{name}().")
        asked = datamodule.asked()
        if asked is None:
            return
        datamodule.predict_from(asked)
        with torch.inference_mode(), trainer.precision_plugin.forward_context():
            batches = enumerate(datamodule.predict_dataloader())
            said = [module.predict_step(trainer.strategy.batch_to_device(batch), number).cpu() for number, batch in batches]
        table = datamodule.row_columns("predict") | module.prediction_table(torch.cat(said))
        write_columns(self.path, datamodule.submission(table))
