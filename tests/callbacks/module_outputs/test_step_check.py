"""A module whose steps return nothing to draw is named before the training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.callbacks import Calibration, ConfusionMatrix, PerClass, TopLosses
from practicum.lightning_shim import LightningModule, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

DATA = DataLoader(TensorDataset(torch.randn(8, 3), torch.randint(2, (8,))), batch_size=4)
SAYS = 'validation_step returns no dictionary with "logits" and "target"'


class Net(LightningModule):
    """Returns what it is told to from validations."""

    def __init__(self, returns: Any) -> None:
        super().__init__()
        self.linear, self.returns = nn.Linear(3, 2), returns

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self.linear(batch[0]).sum()

    def validation_step(self, batch: Any, batch_idx: int) -> Any:
        return {name: self.linear(batch[0]) if name != "target" else batch[1] for name in self.returns} or None

    def test_step(self, batch: Any, batch_idx: int) -> Any:
        return self.validation_step(batch, batch_idx)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.mark.parametrize("callback", [Calibration, ConfusionMatrix, PerClass, TopLosses])
@pytest.mark.parametrize("returns", [(), ("preds", "target")])
def test_it_is_said_once_before_the_training(
    callback: Any, returns: Any, make_trainer: Callable[..., Trainer], caplog: pytest.LogCaptureFixture
) -> None:
    class Before(Net):
        def on_train_start(self) -> None:
            assert f"{callback.__name__}: Before.{SAYS}" in caplog.text

    make_trainer(max_epochs=2, num_sanity_val_steps=1, callbacks=[callback()]).fit(Before(returns), DATA, DATA)
    assert caplog.text.count(SAYS) == 1


@pytest.mark.parametrize("returns", [("logits", "target"), ("prediction", "target")])
def test_nothing_is_said_of_a_step_that_returns_them(
    returns: Any, make_trainer: Callable[..., Trainer], caplog: pytest.LogCaptureFixture
) -> None:
    callbacks = [Calibration(), ConfusionMatrix(), PerClass()]
    make_trainer(max_epochs=1, num_sanity_val_steps=1, callbacks=callbacks).fit(Net(returns), DATA, DATA)
    assert SAYS not in caplog.text


def test_nothing_is_said_of_a_module_without_tests(
    make_trainer: Callable[..., Trainer], caplog: pytest.LogCaptureFixture
) -> None:
    class Untested(Net):
        test_step = LightningModule.test_step

    make_trainer(max_epochs=1, num_sanity_val_steps=1, callbacks=[Calibration()]).fit(Untested(()), DATA, DATA)
    assert SAYS not in caplog.text
