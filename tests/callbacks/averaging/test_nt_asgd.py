"""Averaging that begins when validation no longer falls, against an average taken by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from practicum.callbacks import NTASGD
from practicum.callbacks.averaging.nt_asgd import non_monotonic_trigger
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

MakeTrainer = Callable[..., Trainer]


def test_the_trigger_is_the_papers() -> None:
    falling = [5.0, 4.0, 3.0, 2.0]
    assert not non_monotonic_trigger(falling, 0)
    assert not non_monotonic_trigger([5.0, 4.0, 4.5], 5)  # too soon to tell
    assert non_monotonic_trigger([5.0, 4.0, 4.5], 0)
    assert not non_monotonic_trigger([5.0, 4.0, 4.5], 1)  # better than all more than one validation before it
    assert non_monotonic_trigger([5.0, 4.0, 4.5, 4.4], 1)


class Line(LightningModule):
    """Fits a line, and logs the given validation losses."""

    def __init__(self, losses: list[float]) -> None:
        super().__init__()
        self.net, self.losses = nn.Linear(2, 1), losses
        self.steps: list[Tensor] = []
        self.validated: list[Tensor] = []

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        return (self.net(batch[0]) - 1).pow(2).mean()

    def on_train_batch_end(self, *args: object) -> None:
        self.steps.append(self.net.weight.detach().clone())

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self.validated.append(self.net.weight.detach().clone())
        self.log("val/loss", self.losses[min(self.current_epoch, len(self.losses) - 1)])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def loader() -> DataLoader[tuple[Tensor, ...]]:
    return DataLoader(TensorDataset(torch.randn(6, 2, generator=torch.Generator().manual_seed(1))), batch_size=2)


def run(make_trainer: MakeTrainer, path: Path | None = None, epochs: int = 5) -> tuple[Line, Trainer]:
    torch.manual_seed(0)
    model = Line([3.0, 2.0, 2.5, 9.0, 9.0])
    trainer = make_trainer(max_epochs=epochs, callbacks=[NTASGD(patience=0)], enable_checkpointing=True)
    trainer.fit(model, loader(), loader(), ckpt_path=path, weights_only=True)
    return model, trainer


def test_validates_and_ends_with_the_mean_since_the_trigger(make_trainer: MakeTrainer) -> None:
    model, _ = run(make_trainer)
    plain = [model.steps[3 * epoch + 2] for epoch in range(3)]
    for was, expected in zip(model.validated[2:9:3], plain, strict=True):  # untouched up to the trigger, after epoch 2
        assert torch.equal(was, expected)
    torch.testing.assert_close(model.validated[9], torch.stack(model.steps[9:12]).mean(0))
    torch.testing.assert_close(model.net.weight.detach(), torch.stack(model.steps[9:]).mean(0))


@pytest.mark.parametrize("epochs", [2, 4])
def test_goes_on_exactly_before_and_after_the_trigger(make_trainer: MakeTrainer, tmp_path: Path, epochs: int) -> None:
    whole, _ = run(make_trainer)
    _, trainer = run(make_trainer, epochs=epochs)
    model, _ = run(make_trainer, path=Path(trainer.checkpoint_callback.best_model_path))  # type: ignore[union-attr]
    assert torch.equal(model.net.weight, whole.net.weight)


def test_a_test_takes_the_average(make_trainer: MakeTrainer) -> None:
    model, trainer = run(make_trainer)
    average = model.net.weight.detach().clone()
    model.test_step = model.validation_step  # type: ignore[method-assign]
    path = trainer.checkpoint_callback.best_model_path  # type: ignore[union-attr]
    trainer.test(model, loader(), ckpt_path=path, weights_only=True, verbose=False)
    assert torch.equal(model.net.weight, average)
    trainer.validate(model, loader(), verbose=False)
    assert torch.equal(model.net.weight, average)
    assert len(trainer.callbacks[0].losses) == 3  # type: ignore[attr-defined]


def test_a_loss_that_is_not_logged_is_named(make_trainer: MakeTrainer) -> None:
    with pytest.raises(MisconfigurationException, match="logs no val/other"):
        make_trainer(callbacks=[NTASGD(monitor="val/other")]).fit(Line([1.0]), loader(), loader())


def test_a_module_without_validation_is_refused(make_trainer: MakeTrainer) -> None:
    with pytest.raises(MisconfigurationException, match="NTASGD watches val/loss, but Line has no validation"):
        make_trainer(max_epochs=1, callbacks=[NTASGD()]).fit(Line([1.0]), loader())


def test_each_fit_waits_for_a_trigger_of_its_own(make_trainer: MakeTrainer) -> None:
    alone, _ = run(make_trainer)
    callback = NTASGD(patience=0)
    for epochs in (5, 1, 5):
        torch.manual_seed(0)
        model = Line([3.0, 2.0, 2.5, 9.0, 9.0])
        make_trainer(max_epochs=epochs, callbacks=[callback]).fit(model, loader(), loader())
        assert callback.losses == [3.0, 2.0, 2.5][:epochs]
        assert callback.triggered is (epochs == 5)
    assert torch.equal(model.net.weight, alone.net.weight)
