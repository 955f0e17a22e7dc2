"""Steps of the trainer's own loops outside of its epoch, and the way out of a fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.callbacks import Watcher
from practicum.callbacks.trainer_internals.isolate_training import isolate_training
from practicum.callbacks.trainer_internals.trial_steps import TrialSteps, exit_fit
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader

MakeTrainer = Callable[..., Trainer]


class Line(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.layer.weight)

    def training_step(self, batch: Tensor, batch_idx: int) -> Any:
        return (self.layer(batch) - 1).pow(2).mean() / 2

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.5)

    def train_dataloader(self) -> Any:
        return DataLoader(torch.ones(8, 1), batch_size=2)  # type: ignore[arg-type]


class Tries(Watcher):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options, self.losses = options, []

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if batch_idx == 0:
            with isolate_training(trainer, pl_module), TrialSteps(trainer, pl_module) as steps:
                self.losses = [steps.run(**self.options) for _ in range(6)]


@pytest.mark.parametrize("accumulated", [1, 4])
def test_losses_are_those_of_gradient_descent(make_trainer: MakeTrainer, accumulated: int) -> None:
    module, tries = Line(), Tries()
    trainer = make_trainer(callbacks=[tries], accumulate_grad_batches=accumulated, limit_val_batches=0)
    trainer.fit(module)
    assert tries.losses == pytest.approx([0.5 * 0.25**step for step in range(6)], rel=1e-5)  # the error halves with each step
    assert trainer.global_step == 4 // accumulated
    assert float(module.layer.weight) == pytest.approx(1 - 0.5 ** (4 // accumulated))


def test_without_a_step_it_gives_up(make_trainer: MakeTrainer) -> None:
    class Skips(Line):
        def training_step(self, batch: Tensor, batch_idx: int) -> None:  # type: ignore[override]
            return None

    with pytest.raises(MisconfigurationException, match="Skips made no step with a loss in 3 batches"):
        make_trainer(callbacks=[Tries(max_batches=3)], limit_val_batches=0).fit(Skips())


def test_a_fit_ends_without_an_error(make_trainer: MakeTrainer) -> None:
    class Leaves(Watcher):
        def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
            if batch_idx == 2:
                exit_fit(trainer)

    module, trainer = Line(), make_trainer(callbacks=[Leaves()], limit_val_batches=0)
    trainer.fit(module)
    assert trainer.global_step == 2
    assert trainer.state.finished
