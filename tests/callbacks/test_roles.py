"""What a callback registers is undone once, in reverse order, whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from practicum.callbacks.roles import Reverts
from practicum.lightning_shim import LightningModule, Trainer, classes

BoringModel = classes("demos.boring_classes.BoringModel")[0]


class Notes(Reverts):
    def __init__(self, breaks: bool = False) -> None:
        super().__init__()
        self.breaks, self.undone = breaks, []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        for number in range(3):
            self.reverts.callback(self.undone.append, number)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        assert self.undone == []
        if self.breaks:
            raise InterruptedError


@pytest.mark.parametrize("breaks", [False, True])
def test_changes_are_undone_in_reverse_order(make_trainer: Callable[..., Trainer], breaks: bool) -> None:
    notes = Notes(breaks)
    trainer = make_trainer(callbacks=[notes], limit_train_batches=2, limit_val_batches=0)
    if breaks:
        with pytest.raises(InterruptedError):
            trainer.fit(BoringModel())
    else:
        trainer.fit(BoringModel())
    assert notes.undone == [2, 1, 0]
