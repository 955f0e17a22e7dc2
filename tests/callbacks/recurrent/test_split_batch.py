"""Batches split along time, as Lightning 1 did, against loops written by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks import SGDR, LastCheckpoint, LRFinder, TruncatedBPTT, WindowLengthLR
from practicum.callbacks.recurrent.split_batch import split_in_time
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence
from torch.utils.data import DataLoader, TensorDataset

MakeTrainer = Callable[..., Trainer]


def series(rows: int = 12, steps: int = 600) -> TensorDataset:
    """Thread 17848's kind: sequences of 600 steps, each of its own."""
    x = torch.randn(rows, steps, 2, generator=torch.Generator().manual_seed(5))
    return TensorDataset(x, x[..., 0].cumsum(1) / 20, torch.arange(rows))


class Forecast(LightningModule):
    """A module that knows nothing of windows."""

    def __init__(self, data: Any, batch_size: int = 4) -> None:
        super().__init__()
        self.rnn, self.out = nn.LSTM(2, 5, batch_first=True), nn.Linear(5, 1)
        self.data, self.batch_size = data, batch_size
        self.losses: list[float] = []
        self.lengths: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.rnn(x)[0])[..., 0]

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        x, y, row = batch
        assert len(row) == len(x)
        loss = F.mse_loss(self(x), y)
        self.losses.append(float(loss.detach()))
        self.lengths.append(x.shape[1])
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val/loss", F.mse_loss(self(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.SGD(self.parameters(), lr=0.05, momentum=0.9)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.9)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def train_dataloader(self) -> Any:
        return DataLoader(self.data, batch_size=self.batch_size)

    def val_dataloader(self) -> Any:
        return DataLoader(self.data, batch_size=self.batch_size)


class Lightning1(Forecast):
    """As Lightning 1 wanted it: ``hiddens`` in and out."""

    def training_step(self, batch: Any, batch_idx: int, hiddens: Any) -> Any:  # type: ignore[override]
        x, y, _ = batch
        outputs, hiddens = self.rnn(x, hiddens)
        loss = F.mse_loss(self.out(outputs)[..., 0], y)
        self.losses.append(float(loss.detach()))
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return {"loss": loss, "hiddens": hiddens}


class OwnState(Forecast):
    hidden: Any = None

    def forward(self, x: Tensor) -> Tensor:
        outputs, self.hidden = self.rnn(x, self.hidden)
        return self.out(outputs)[..., 0]


class Manual(Forecast):
    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.automatic_optimization = False

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        optimizer: Any = self.optimizers()
        loss = super().training_step(batch, batch_idx)
        optimizer.zero_grad()
        self.manual_backward(loss)
        optimizer.step()
        if len(self.losses) % 9 == 0:
            self.lr_schedulers().step()  # type: ignore[union-attr]
        return loss


def by_hand(model: Forecast, split: int, epochs: int) -> list[float]:
    """Forward, backward and step for each part of each batch."""
    found: Any = model.configure_optimizers()
    optimizer, schedule = found["optimizer"], found["lr_scheduler"]["scheduler"]
    losses = []
    for _ in range(epochs):
        for x, y, _ in model.train_dataloader():
            state: Any = None
            for part, target in zip(x.split(split, 1), y.split(split, 1), strict=True):
                outputs, state = model.rnn(part, state)
                state = tuple(each.detach() for each in state)
                loss = F.mse_loss(model.out(outputs)[..., 0], target)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(float(loss.detach()))
            schedule.step()
    return losses


@pytest.mark.parametrize(
    ("kind", "options"),
    [(Forecast, {}), (Lightning1, {}), (OwnState, {"state": "hidden"}), (Manual, {})],
)
def test_each_part_of_a_batch_has_a_forward_a_backward_and_a_step(
    kind: type[Forecast], options: dict[str, Any], make_trainer: MakeTrainer
) -> None:
    module, twin = kind(series()), Forecast(series())
    twin.load_state_dict(module.state_dict())
    trainer = make_trainer(max_epochs=2, callbacks=[TruncatedBPTT(split=72, **options)])
    trainer.fit(module)
    expected = by_hand(twin, 72, 2)
    assert len(expected) == 2 * 3 * 9
    assert module.losses == expected
    for name, value in twin.state_dict().items():
        assert torch.equal(value, module.state_dict()[name]), name
    assert trainer.global_step == len(expected)
    assert float(trainer.callback_metrics["train/loss"]) == pytest.approx(sum(expected[-27:]) / 27, rel=1e-5)


def test_parts_have_the_length_asked_for_and_the_rest(make_trainer: MakeTrainer) -> None:
    module = Forecast(series())
    make_trainer(callbacks=[TruncatedBPTT(split=250)], limit_train_batches=1, limit_val_batches=0).fit(module)
    assert module.lengths == [250, 250, 100]


class Counts(Callback):
    def __init__(self) -> None:
        self.calls: list[str] = []
        self.loss = 0.0

    def on_train_batch_start(self, *args: Any) -> None:
        self.calls.append("start")

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, *args: Any) -> None:
        self.calls.append("end")
        self.loss = float(outputs["loss"])
        assert "hiddens" not in outputs

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
        self.calls.append("step")
        self.log("norm", 1.0, on_step=False, on_epoch=True)  # another hook that logs, between the parts


@pytest.mark.parametrize("kind", [Forecast, Lightning1])
def test_hooks_are_called_once_per_batch_and_logs_are_means_over_parts(kind: Any, make_trainer: MakeTrainer) -> None:
    module, counts = kind(series()), Counts()
    trainer = make_trainer(callbacks=[TruncatedBPTT(split=250), counts], limit_train_batches=1, limit_val_batches=0)
    trainer.fit(module)
    assert counts.calls == ["start", "step", "step", "step", "end"]
    first, second, third = module.losses
    assert counts.loss == pytest.approx((250 * first + 250 * second + 100 * third) / 600, rel=1e-5)
    assert float(trainer.callback_metrics["train/loss"]) == pytest.approx((first + second + third) / 3, rel=1e-5)


def test_rows_may_change_from_batch_to_batch_and_states_begin_at_zero(make_trainer: MakeTrainer) -> None:
    module = Forecast(series(rows=7))  # batches of 4 and 3
    make_trainer(callbacks=[TruncatedBPTT(split=200)]).fit(module)
    assert len(module.losses) == 6


def test_validation_reads_batches_whole(make_trainer: MakeTrainer) -> None:
    module = Forecast(series(rows=8))
    (found,) = make_trainer(callbacks=[TruncatedBPTT(split=72)]).validate(module, verbose=False)
    with torch.no_grad():
        expected = [float(F.mse_loss(module(x), y)) for x, y, _ in module.val_dataloader()]
    assert found["val/loss"] == pytest.approx(sum(expected) / 2, rel=1e-5)


class OwnParts(Forecast):
    def tbptt_split_batch(self, batch: Any, split_size: int) -> list[Any]:
        return [[each[:, :split_size] if each.ndim > 1 else each for each in batch]]  # the beginning alone


def test_a_module_may_split_its_batches_itself(make_trainer: MakeTrainer) -> None:
    module = OwnParts(series())
    make_trainer(callbacks=[TruncatedBPTT(split=50)], limit_val_batches=0).fit(module)
    assert module.lengths == [50, 50, 50]


def test_training_stops_at_max_steps_within_a_batch(make_trainer: MakeTrainer) -> None:
    module = Forecast(series())
    trainer = make_trainer(callbacks=[TruncatedBPTT(split=72)], max_epochs=-1, max_steps=13, limit_val_batches=0)
    trainer.fit(module)
    assert trainer.global_step == len(module.losses) == 13


def test_a_resume_between_batches_is_exact(make_trainer: MakeTrainer, tmp_path: Any) -> None:
    torch.manual_seed(3)
    whole = Forecast(series())
    start = {name: value.clone() for name, value in whole.state_dict().items()}
    make_trainer(max_epochs=2, callbacks=[TruncatedBPTT(split=72)], limit_val_batches=0).fit(whole)
    for epochs, checkpoint in ((1, None), (2, tmp_path / "last.ckpt")):
        module = Forecast(series())
        module.load_state_dict(start)
        callbacks = [TruncatedBPTT(split=72), LastCheckpoint(tmp_path)]
        trainer = make_trainer(max_epochs=epochs, callbacks=callbacks, limit_val_batches=0, enable_checkpointing=True)
        trainer.fit(module, ckpt_path=checkpoint, weights_only=True)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, module.state_dict()[name]), name


class Constant(Forecast):
    """Without a schedule of its own."""

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.05)


def test_a_schedule_counts_batches_also_where_the_trainer_goes_on(make_trainer: MakeTrainer) -> None:
    schedule, module = SGDR(1, 1), Constant(series(12, 60))  # three batches, each of three parts
    trainer = make_trainer(max_epochs=2, callbacks=[schedule, TruncatedBPTT(split=20)])
    trainer.fit(module)
    assert schedule.length == (3, 6)
    trainer.fit_loop.max_epochs = 4
    trainer.fit(module)
    assert trainer.global_step == 4 * 9
    assert schedule.length == (3, 6)


def test_a_range_test_leaves_no_trace(make_trainer: MakeTrainer) -> None:
    losses = []
    for finders in ([], [LRFinder(steps=25, update=False)]):
        torch.manual_seed(2)
        module = Forecast(series())
        make_trainer(callbacks=[TruncatedBPTT(split=72), *finders], limit_val_batches=0).fit(module)
        losses.append(module.losses[-27:])
    assert losses[0] == losses[1]


def test_it_leaves_nothing_behind(make_trainer: MakeTrainer) -> None:
    module = Forecast(series())
    callback = TruncatedBPTT(split=72)
    trainer = make_trainer(callbacks=[callback], limit_val_batches=0)
    trainer.fit(module)
    trainer.callbacks.remove(callback)  # type: ignore[attr-defined]
    module.lengths.clear()
    trainer.fit_loop.epoch_progress.reset()
    trainer.fit(module)
    assert module.lengths == [600, 600, 600]


class Iterates(Forecast):
    def training_step(self, dataloader_iter: Any) -> Any:  # type: ignore[override]
        return None


@pytest.mark.parametrize(
    ("module", "callback", "trainer", "message"),
    [
        (Forecast, lambda: TruncatedBPTT(split=0), {}, "split=0"),
        (Forecast, lambda: TruncatedBPTT(split=7.5), {}, "split=7.5"),  # type: ignore[arg-type]
        (Forecast, lambda: TruncatedBPTT(split=72, begins=1), {}, "leave begins out"),
        (Forecast, lambda: TruncatedBPTT(split=72, time_dim=2), {}, "time_dim=2"),
        (Forecast, lambda: TruncatedBPTT(time_dim=0), {}, "time_dim=0 is the dimension that split cuts.*WindowLengthLR's"),
        (Forecast, lambda: TruncatedBPTT(split=72), {"accumulate_grad_batches": 2}, "accumulate_grad_batches=2"),
        (Lightning1, TruncatedBPTT, {}, "takes `hiddens`.*split=72"),
        (Iterates, lambda: TruncatedBPTT(split=72), {}, "takes an iterator"),
    ],
)
def test_what_can_t_be_split_is_refused(module: Any, callback: Any, trainer: Any, message: str, make_trainer: Any) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        make_trainer(callbacks=[callback()], limit_val_batches=0, **trainer).fit(module(series()))


def test_the_rate_by_window_length_takes_whole_batches_and_is_refused(make_trainer: MakeTrainer) -> None:
    with pytest.raises(MisconfigurationException, match="WindowLengthLR"):
        make_trainer(callbacks=[TruncatedBPTT(split=72), WindowLengthLR(72)]).fit(Forecast(series()))


def test_any_nest_is_split_and_what_has_no_time_goes_with_every_part() -> None:
    batch = {"x": [torch.zeros(3, 10, 2), torch.arange(30).view(3, 10)], "label": torch.arange(3), "names": ["a", "b", "c"]}
    parts = list(split_in_time(batch, 4))
    assert [size for _, size in parts] == [4, 4, 2]
    assert torch.equal(torch.cat([part["x"][1] for part, _ in parts], 1), batch["x"][1])
    assert all(part["names"] == ["a", "b", "c"] and torch.equal(part["label"], torch.arange(3)) for part, _ in parts)
    by_time = list(split_in_time((torch.zeros(10, 3, 2), torch.zeros(3)), 4, time_dim=0))
    assert [part[0].shape[0] for part, _ in by_time] == [4, 4, 2]


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ((torch.zeros(3, 10, 2), torch.zeros(3, 11)), "tensors of 10 and 11 steps"),
        (torch.zeros(3), "no tensor"),
        (("a", None), "no tensor"),
        ([pack_sequence([torch.zeros(4, 2), torch.zeros(3, 2)])], "packed sequence"),
    ],
)
def test_a_batch_whose_time_is_unclear_is_refused(batch: Any, message: str) -> None:
    with pytest.raises(MisconfigurationException, match=f"{message}.*tbptt_split_batch"):
        list(split_in_time(batch, 4))
