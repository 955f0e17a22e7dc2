"""A training that diverged is no finished run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from practicum.callbacks import FiniteLoss
from practicum.lightning_shim import MisconfigurationException, Trainer
from torch import Tensor


@pytest.mark.parametrize("name", ["train/loss", "train_loss", "training_loss"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_stops_after_the_epoch_in_which_it_happens(
    known_classifier: Any, known_photos: Any, make_trainer: Callable[..., Trainer], value: float, name: str
) -> None:
    class Diverges(known_classifier):  # type: ignore[misc]
        from_epoch = 1

        def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
            loss = self(batch[0]).mean()
            if self.current_epoch >= self.from_epoch and batch_idx == 1:
                loss = loss * value
            self.log(name, loss, on_epoch=True)
            return loss

    trainer = make_trainer(max_epochs=5, callbacks=[FiniteLoss()])
    with pytest.raises(
        MisconfigurationException, match=rf"diverged: {name}\w* is \W?{value} in epoch 2; lower the learning rate"
    ):
        trainer.fit(Diverges(), known_photos)
    sound = make_trainer(max_epochs=2, callbacks=[FiniteLoss()])
    module = Diverges()
    module.from_epoch = 9
    sound.fit(module, known_photos)
    assert sound.current_epoch == 2
