"""A training that has gone astray is no finished run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import pytorch_lightning as pl
from practicum.callbacks import FiniteLoss
from pytorch_lightning.demos.boring_classes import BoringModel
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor


class Astray(BoringModel):
    """Its loss is no number from an epoch on."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch = epoch

    def training_step(self, batch: Tensor, batch_idx: int) -> Any:
        loss = self.layer(batch).mean()
        if self.current_epoch >= self.epoch and batch_idx == 3:
            loss = loss * float("nan")
        self.log("train/loss", loss, on_epoch=True)
        return loss


def test_stops_after_the_epoch_in_which_it_happens(make_trainer: Callable[..., pl.Trainer]) -> None:
    trainer = make_trainer(max_epochs=5, callbacks=[FiniteLoss()], limit_train_batches=6)
    with pytest.raises(MisconfigurationException, match=r"train/loss\w* is nan after epoch 1; lower optimizer.lr"):
        trainer.fit(Astray(1))
    sound = make_trainer(max_epochs=2, callbacks=[FiniteLoss()], limit_train_batches=6)
    sound.fit(Astray(9))
    assert sound.current_epoch == 2
