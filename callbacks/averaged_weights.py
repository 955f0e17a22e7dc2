"""What averages of weights share: Lightning's averaging, from the first averaged step on, gone when the training ends.

Lightning's own swaps in an average that holds nothing yet, and takes a checkpoint's average for a training to go on from when the
checkpoint is only tested.
"""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import WeightAveraging


class AveragedWeights(WeightAveraging):
    """Base of callbacks whose average of the weights is what is validated, kept and tested."""

    @property
    def _averages(self) -> bool:
        """Whether there is an average yet."""
        return self._average_model is not None and bool(self._average_model.n_averaged > 0)

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The average lies where the module does."""
        if self._average_model is not None:
            self._average_model.to(pl_module.device)

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The average takes its place, if there is one."""
        if self._averages:
            super().on_validation_epoch_start(trainer, pl_module)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """... and gives it back."""
        if self._averages:
            super().on_validation_epoch_end(trainer, pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """The average becomes the module's weights, if there is one."""
        if self._averages:
            super().on_train_end(trainer, pl_module)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """The average belongs to the training: a test of a checkpoint takes its weights as they are."""
        self._average_model = None

    def on_save_checkpoint(self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]) -> None:
        """The average is what a checkpoint's weights are, beside the optimizer's own to go on from."""
        if self._averages:
            super().on_save_checkpoint(trainer, pl_module, checkpoint)

    def on_load_checkpoint(self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]) -> None:
        """Go on from both; where there was no average yet, the first one to come begins with the weights of its step."""
        if self._average_model is not None and "averaging_state" in checkpoint:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)
