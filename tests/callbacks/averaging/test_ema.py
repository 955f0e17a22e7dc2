"""A moving average of weights, against one taken by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from practicum.callbacks import EMA
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, ModelCheckpoint, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

MakeTrainer = Callable[..., Trainer]


class Line(LightningModule):
    """Fits a line; remembers its weights after each step, and those it was validated with."""

    place: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(2, 1)
        self.register_buffer("place", torch.tensor([5, 7, 1000], dtype=torch.int32))
        self.steps: list[Tensor] = []
        self.validated: list[Tensor] = []

    def training_step(self, batch: list[Tensor], batch_idx: int) -> Tensor:
        return (self.net(batch[0]) - 1).pow(2).mean()

    def on_train_batch_end(self, *args: object) -> None:
        self.steps.append(self.net.weight.detach().clone())

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self.validated.append(self.net.weight.detach().clone())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def loader() -> DataLoader[tuple[Tensor, ...]]:
    return DataLoader(TensorDataset(torch.randn(8, 2, generator=torch.Generator().manual_seed(1))), batch_size=2)


def run(make_trainer: MakeTrainer, path: Path | None = None, epochs: int = 5) -> tuple[Line, Trainer]:
    torch.manual_seed(0)
    model = Line()
    trainer = make_trainer(max_epochs=epochs, callbacks=[EMA(decay=0.7)], enable_checkpointing=True, num_sanity_val_steps=0)
    trainer.fit(model, loader(), loader(), ckpt_path=path, weights_only=True)
    return model, trainer


def by_hand(steps: list[Tensor]) -> Tensor:
    average = steps[0].double()
    for n, weight in enumerate(steps[1:], start=1):
        decay = min(0.7, (1 + n) / (10 + n))
        average = decay * average + (1 - decay) * weight.double()
    return average.float()


def test_validates_keeps_and_ends_with_the_average(make_trainer: MakeTrainer) -> None:
    model, trainer = run(make_trainer)
    torch.testing.assert_close(model.validated[-1], by_hand(model.steps))
    torch.testing.assert_close(model.validated[0], by_hand(model.steps[:4]))
    torch.testing.assert_close(model.net.weight.detach(), by_hand(model.steps))
    assert not torch.allclose(model.net.weight, model.steps[-1])
    kept = torch.load(trainer.checkpoint_callback.best_model_path, weights_only=True)  # type: ignore[union-attr]
    torch.testing.assert_close(kept["state_dict"]["net.weight"], by_hand(model.steps))


def test_whole_numbers_stay_what_they_are(make_trainer: MakeTrainer) -> None:
    model, _ = run(make_trainer)
    assert model.place.tolist() == [5, 7, 1000]


def test_goes_on_exactly(make_trainer: MakeTrainer) -> None:
    whole, _ = run(make_trainer)
    _, trainer = run(make_trainer, epochs=2)
    model, _ = run(make_trainer, path=Path(trainer.checkpoint_callback.best_model_path))  # type: ignore[union-attr]
    assert torch.equal(model.net.weight, whole.net.weight)


def test_a_test_of_its_checkpoint_takes_the_average_as_it_is(make_trainer: MakeTrainer) -> None:
    model, trainer = run(make_trainer)
    expected = model.net.weight.detach().clone()
    model.test_step = lambda batch, batch_idx: None  # type: ignore[method-assign]
    trainer.test(model, loader(), ckpt_path="best", weights_only=True, verbose=False)
    assert torch.equal(model.net.weight, expected)


@pytest.mark.parametrize("decay", [-0.1, 1.0])
def test_a_decay_out_of_range_is_refused(decay: float) -> None:
    with pytest.raises(MisconfigurationException, match=f"decay={decay} must be at least 0 and below 1"):
        EMA(decay)


def test_a_checkpoint_of_weights_alone_is_refused(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    keeps = ModelCheckpoint(tmp_path, save_weights_only=True)
    with pytest.raises(
        MisconfigurationException, match=r"ModelCheckpoint\(save_weights_only=True\) would save the trained weights"
    ):
        make_trainer(callbacks=[EMA(), keeps], enable_checkpointing=True).fit(Line(), loader(), loader())


def test_a_whole_fit_that_is_resumed_leaves_the_average(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    model, trainer = run(make_trainer)
    trainer.save_checkpoint(tmp_path / "whole.ckpt")
    again, _ = run(make_trainer, tmp_path / "whole.ckpt")
    assert not again.steps
    torch.testing.assert_close(again.net.weight, model.net.weight)


def test_after_an_error_in_validation_the_checkpoint_has_each_in_its_place(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    class Breaks(Line):
        def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
            if self.current_epoch == 1:
                raise InterruptedError

    class Saves(Callback):
        def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
            trainer.save_checkpoint(tmp_path / "broken.ckpt")

    model = Breaks()
    with pytest.raises(InterruptedError):
        make_trainer(max_epochs=3, callbacks=[EMA(decay=0.7), Saves()], num_sanity_val_steps=0).fit(model, loader(), loader())
    stored = torch.load(tmp_path / "broken.ckpt", weights_only=True)
    torch.testing.assert_close(stored["current_model_state"]["net.weight"], model.steps[-1])
    torch.testing.assert_close(stored["state_dict"]["net.weight"], by_hand(model.steps))


def test_each_fit_has_an_average_of_its_own(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    alone, _ = run(make_trainer, epochs=2)
    callback = EMA(decay=0.7)

    def fold(path: Path | None = None, epochs: int = 2) -> tuple[Line, Trainer]:
        torch.manual_seed(0)
        model = Line()
        trainer = make_trainer(max_epochs=epochs, callbacks=[callback], enable_checkpointing=True, num_sanity_val_steps=0)
        trainer.fit(model, loader(), loader(), ckpt_path=path, weights_only=True)
        return model, trainer

    _, trainer = fold(epochs=5)
    for _ in range(2):
        model, _ = fold()
        assert torch.equal(model.net.weight, alone.net.weight)
        torch.testing.assert_close(model.net.weight.detach(), by_hand(model.steps))
        assert not torch.allclose(model.net.weight, model.steps[-1])
    model.test_step = lambda batch, batch_idx: None  # type: ignore[method-assign]
    trainer.test(model, loader(), ckpt_path="best", weights_only=True, verbose=False)  # loads the callback's state too
    assert torch.equal(fold()[0].net.weight, alone.net.weight)


def test_a_fit_resumed_with_a_used_object_goes_on_exactly(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    whole, trainer = run(make_trainer)
    _, short = run(make_trainer, epochs=2)
    used = trainer.callbacks[0]  # type: ignore[attr-defined]
    torch.manual_seed(0)
    model = Line()
    resumed = make_trainer(max_epochs=5, callbacks=[used], enable_checkpointing=True, num_sanity_val_steps=0)
    path = short.checkpoint_callback.best_model_path  # type: ignore[union-attr]
    resumed.fit(model, loader(), loader(), ckpt_path=path, weights_only=True)
    assert torch.equal(model.net.weight, whole.net.weight)
    plain = make_trainer(max_epochs=1, enable_checkpointing=True, num_sanity_val_steps=0, default_root_dir=tmp_path / "plain")
    plain.fit(Line(), loader(), loader())
    path = plain.checkpoint_callback.best_model_path  # type: ignore[union-attr]
    model = Line()  # of a checkpoint that knows of no average: it begins with the steps after it
    make_trainer(max_epochs=2, callbacks=[used], num_sanity_val_steps=0).fit(model, loader(), loader(), ckpt_path=path)
    torch.testing.assert_close(model.net.weight.detach(), by_hand(model.steps))


def test_the_same_trainer_goes_on_with_a_new_average(make_trainer: MakeTrainer) -> None:
    model = Line()
    trainer = make_trainer(max_epochs=2, callbacks=[EMA(decay=0.7)], num_sanity_val_steps=0)
    trainer.fit(model, loader(), loader())
    taken = len(model.steps)
    trainer.fit_loop.max_epochs = 4
    trainer.fit(model, loader(), loader())
    torch.testing.assert_close(model.net.weight.detach(), by_hand(model.steps[taken:]))


class Chooses(Line):
    """Chooses a threshold in validation, by the weights that are validated."""

    threshold: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("threshold", torch.tensor(0.5))

    def on_validation_epoch_end(self) -> None:
        self.threshold.copy_(self.net.weight.detach().sum())


def test_what_validation_has_chosen_stays_until_the_next(make_trainer: MakeTrainer) -> None:
    torch.manual_seed(0)
    model = Chooses()
    trainer = make_trainer(max_epochs=3, callbacks=[EMA(decay=0.7)], check_val_every_n_epoch=2, num_sanity_val_steps=0)
    trainer.fit(model, loader(), loader())
    assert float(model.threshold) == pytest.approx(float(model.validated[-1].sum()))  # of the second epoch
    assert float(model.net.weight.detach().sum()) != pytest.approx(float(model.threshold), abs=1e-4)  # the third has moved on
