"""The base of weight averages, on a plain mean of all steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import EMA, LastCheckpoint
from practicum.callbacks.averaging.weight_averaging import WeightAveragingBase
from practicum.lightning_shim import LightningDataModule, LightningModule, ModelCheckpoint, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

MakeTrainer = Callable[..., Trainer]


class Line(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Linear(2, 1)
        self.steps: list[Tensor] = []
        self.validated: list[Tensor] = []

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        return (self.net(batch[0]) - 1).pow(2).mean()

    def on_before_zero_grad(self, optimizer: Any) -> None:
        self.steps.append(self.net.weight.detach().clone())  # the weights before each step

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self.validated.append(self.net.weight.detach().clone())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def loader() -> DataLoader[tuple[Tensor, ...]]:
    return DataLoader(TensorDataset(torch.randn(8, 2, generator=torch.Generator().manual_seed(1))), batch_size=1)


def test_the_mean_of_all_steps_under_accumulation(make_trainer: MakeTrainer) -> None:
    model = Line()
    trainer = make_trainer(max_epochs=2, accumulate_grad_batches=2, callbacks=[WeightAveragingBase()], enable_checkpointing=True)
    trainer.fit(model, loader(), loader())
    weights = torch.stack(model.steps)  # before each step: the first are the initial ones
    assert len(weights) == trainer.global_step == 8
    torch.testing.assert_close(model.validated[0], weights[1:5].mean(0))
    kept = torch.load(trainer.checkpoint_callback.best_model_path, weights_only=True)  # type: ignore[union-attr]
    torch.testing.assert_close(kept["state_dict"]["net.weight"], model.net.weight.detach())
    last = kept["current_model_state"]["net.weight"]
    torch.testing.assert_close(model.net.weight.detach(), torch.stack([*weights[1:], last]).mean(0))


def test_before_the_first_update_nothing_is_swapped(make_trainer: MakeTrainer) -> None:
    class Never(WeightAveragingBase):
        def should_update(self) -> bool:
            return False

    ends = []
    for callbacks in ([], [Never()]):
        model = Line()
        make_trainer(max_epochs=1, callbacks=callbacks).fit(model, loader(), loader())
        ends.append((model.net.weight, model.validated[0]))
    assert torch.equal(ends[0][0], ends[1][0])
    assert torch.equal(ends[0][1], ends[1][1])


def test_a_resumed_training_goes_on_with_its_own_weights_not_their_mean(make_trainer: MakeTrainer) -> None:
    trainer = make_trainer(max_epochs=1, callbacks=[WeightAveragingBase()], enable_checkpointing=True)
    trainer.fit(Line(), loader(), loader())
    path = trainer.checkpoint_callback.best_model_path  # type: ignore[union-attr]
    model = Line()
    make_trainer(max_epochs=2, callbacks=[WeightAveragingBase()]).fit(model, loader(), loader(), ckpt_path=path)
    kept = torch.load(path, weights_only=True)
    assert torch.equal(model.steps[0], kept["current_model_state"]["net.weight"])
    assert not torch.equal(model.steps[0], kept["state_dict"]["net.weight"])


class Fails(Line):
    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        if self.current_epoch == 1:
            raise RuntimeError("broken")
        return super().training_step(batch, batch_idx)


def test_what_is_validated_after_a_fit_that_failed_is_what_the_module_holds(make_trainer: MakeTrainer) -> None:
    trainer, other = make_trainer(max_epochs=2, callbacks=[WeightAveragingBase()]), Line()
    with pytest.raises(RuntimeError, match="broken"):
        trainer.fit(Fails(), loader(), loader())
    trainer.validate(other, loader(), verbose=False)
    assert torch.equal(other.validated[-1], other.net.weight.detach())


@pytest.mark.parametrize("callback", [WeightAveragingBase, lambda: EMA(0.9)])
def test_a_checkpoint_of_the_trainings_end_resumes_exactly(make_trainer: MakeTrainer, tmp_path: Path, callback: Any) -> None:
    """It is written when the average is in the module already."""

    def trained(epochs: int, path: Path | None = None) -> Line:
        saver = ModelCheckpoint(tmp_path / str(epochs), save_last=True, every_n_epochs=100)
        model = Line()
        make_trainer(max_epochs=epochs, callbacks=[callback(), saver], enable_checkpointing=True).fit(
            model, loader(), loader(), ckpt_path=path, weights_only=True
        )
        return model

    half, whole = trained(2), trained(4)
    kept = torch.load(tmp_path / "2" / "last.ckpt", weights_only=True)
    assert torch.equal(kept["state_dict"]["net.weight"], half.net.weight.detach())
    assert not torch.equal(kept["current_model_state"]["net.weight"], half.net.weight.detach())
    assert torch.equal(trained(4, tmp_path / "2" / "last.ckpt").net.weight, whole.net.weight)


@pytest.mark.parametrize("foreach", [False, True])  # True: torch's way on a GPU
def test_counts_are_copied_and_not_averaged(make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, foreach: bool) -> None:
    if foreach:
        monkeypatch.setattr("torch.optim.swa_utils._get_foreach_kernels_supported_devices", lambda: ["cpu"])

    class Normed(Line):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm1d(1)

        def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
            return (self.norm(self.net(batch[0])) - 1).pow(2).mean()

    model, batches = Normed(), DataLoader(loader().dataset, batch_size=2)
    make_trainer(max_epochs=2, callbacks=[WeightAveragingBase()]).fit(model, batches, batches)
    assert int(model.norm.num_batches_tracked) == 8


def test_a_later_error_is_not_hidden(make_trainer: MakeTrainer) -> None:
    """Lightning sets up the data module before the callbacks, and asks all of them to undo what they did."""

    class Broken(LightningDataModule):
        def setup(self, stage: str) -> None:
            raise RuntimeError("no such table")

    trainer = make_trainer(max_epochs=1, callbacks=[WeightAveragingBase()])
    trainer.fit(Line(), loader(), loader())
    with pytest.raises(RuntimeError, match="no such table"):
        trainer.validate(Line(), datamodule=Broken())
    with pytest.raises(RuntimeError, match="no such table"):
        trainer.fit(Line(), datamodule=Broken())


class Lazy(Line):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.LazyLinear(1)

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self.net(batch[0])


@pytest.mark.parametrize("sanity", [0, 1])
def test_lazy_weights_are_averaged_from_the_first_step_on(sanity: int, make_trainer: MakeTrainer, tmp_path: Path) -> None:
    model = Lazy()
    checkpoint = ModelCheckpoint(tmp_path, every_n_train_steps=1, save_top_k=-1)
    trainer = make_trainer(
        max_epochs=1, callbacks=[WeightAveragingBase(), checkpoint], enable_checkpointing=True, num_sanity_val_steps=sanity
    )
    trainer.fit(model, loader(), loader())
    last = torch.load(checkpoint.best_model_path, weights_only=True)["current_model_state"]["net.weight"]
    torch.testing.assert_close(model.net.weight.detach(), torch.stack([*model.steps[1:], last]).mean(0))


def test_complex_weights_are_averaged() -> None:
    average, weight = torch.tensor([1 + 1j]), torch.tensor([3 - 3j])
    WeightAveragingBase()._update([average], [weight], torch.tensor(1))
    torch.testing.assert_close(average, torch.tensor([2 - 1j]))
    EMA(decay=0.5)._update([average], [weight], 1000)
    torch.testing.assert_close(average, torch.tensor([2.5 - 2j]))


class Partial(Line):
    """Leaves its frozen weights out of checkpoints, as Lightning's documentation has it."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Linear(2, 2).requires_grad_(False)
        self.strict_loading = False

    def state_dict(self) -> dict[str, Any]:  # type: ignore[override]
        return {name: value for name, value in super().state_dict().items() if "frozen" not in name}


def test_weights_that_checkpoints_lack_are_left_alone(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    def trained(epochs: int, path: Path | None = None) -> tuple[Trainer, Partial]:
        callbacks = [EMA(0.9), LastCheckpoint(tmp_path / str(epochs))]
        module, trainer = Partial(), make_trainer(max_epochs=epochs, callbacks=callbacks, enable_checkpointing=True)
        trainer.fit(module, loader(), loader(), ckpt_path=path, weights_only=True)
        return trainer, module

    _, whole = trained(2)
    trained(1)
    _, resumed = trained(2, tmp_path / "1" / "last.ckpt")
    assert torch.equal(resumed.net.weight, whole.net.weight)
    kept = torch.load(tmp_path / "2" / "last.ckpt", weights_only=True)
    assert set(kept["state_dict"]) == set(kept["current_model_state"]) == {"net.weight", "net.bias"}


def test_what_validation_chooses_is_for_both_sets_of_weights(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    class Chooses(Line):
        threshold: Tensor

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("threshold", torch.tensor(0.5))

        def on_validation_epoch_end(self) -> None:
            self.threshold.copy_(self.net.weight.detach().sum())

    saver = ModelCheckpoint(tmp_path, filename="kept")
    trainer = make_trainer(max_epochs=2, callbacks=[WeightAveragingBase(), saver], enable_checkpointing=True)
    trainer.fit(Chooses(), loader(), loader())
    kept = torch.load(tmp_path / "kept.ckpt", weights_only=True)
    chosen = kept["state_dict"]["net.weight"].sum()
    torch.testing.assert_close(kept["state_dict"]["threshold"], chosen)
    torch.testing.assert_close(kept["current_model_state"]["threshold"], chosen)
