"""Exact resume: a training that stopped anywhere ends as an unbroken one."""

from __future__ import annotations

import csv
import os
import random
import shutil
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks import SGDR, LastCheckpoint, RunLog, RunRecord, WholeFileCheckpointIO
from practicum.callbacks.averaging.snapshots import CycleSnapshots
from practicum.callbacks.run.last_checkpoint import relocate
from practicum.lightning_shim import (
    Callback,
    EarlyStopping,
    LightningModule,
    MisconfigurationException,
    ModelCheckpoint,
    Trainer,
    classes,
    seed_everything,
)
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchdata.stateful_dataloader import StatefulDataLoader
from torchmetrics import MeanMetric

MakeTrainer = Callable[..., Trainer]


def points(count: int = 40) -> TensorDataset:
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(count, 6, generator=generator)
    return TensorDataset(x, (x[:, 0] * x[:, 1] > 0).long())


class Noisy(LightningModule):
    """Dropout, random numbers of every generator, and logged averages of a value, a sum, a maximum and a metric."""

    def __init__(self, loader: Any = StatefulDataLoader) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.4), nn.Linear(12, 2))
        self.mean, self.loader = MeanMetric(), loader

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        x = batch[0] * (1 + 0.1 * (random.random() + np.random.random()))
        loss = F.cross_entropy(self.net(x), batch[1])
        self.mean.update(loss.detach())
        self.log("train/loss", loss, on_step=True, on_epoch=True, batch_size=len(x))
        self.log("train/most", loss, on_step=False, on_epoch=True, reduce_fx="max")
        self.log("train/sum", loss, on_step=False, on_epoch=True, reduce_fx="sum")
        self.log("train/mean", self.mean, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val/loss", F.cross_entropy(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> Any:
        return torch.optim.AdamW(self.parameters(), lr=0.02)

    def train_dataloader(self) -> Any:
        return self.loader(points(), batch_size=4, shuffle=True)

    def val_dataloader(self) -> Any:
        return self.loader(points(12), batch_size=4)


class StopAt(Callback):
    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if trainer.global_step == self.step:
            raise InterruptedError


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def fit(
    make: MakeTrainer, folder: Path, extra: list[Callback], resume: bool = False, every: int | None = None, **options: Any
) -> Trainer:
    loader, last = options.pop("loader", StatefulDataLoader), options.pop("last", LastCheckpoint)
    torch.manual_seed(1)
    module = Noisy(loader)
    seed_everything(99 if resume else 5, verbose=False)  # a new process draws other numbers until the states are restored
    trainer = make(
        max_epochs=4,
        logger=RunLog(folder),
        log_every_n_steps=1,
        enable_checkpointing=True,
        callbacks=[*extra, last(folder, every_n_steps=every)],
        plugins=[WholeFileCheckpointIO()],
        **options,
    )
    trainer.fit(module, ckpt_path=folder / "last.ckpt" if resume else None, weights_only=True)
    return trainer


def values(node: Any) -> Any:
    """A checkpoint with its tensors as bytes, to compare whole."""
    if isinstance(node, Tensor):
        return (node.dtype, node.shape, node.numpy().tobytes())
    if isinstance(node, dict):
        return {key: values(value) for key, value in node.items()}
    return [values(each) for each in node] if isinstance(node, list | tuple) else node


def ends_alike(a: Path, b: Path) -> bool:
    first, second = (values(torch.load(folder / "last.ckpt", weights_only=True)) for folder in (a, b))
    return bool(first == second) and (a / "metrics.csv").read_bytes() == (b / "metrics.csv").read_bytes()


@pytest.mark.parametrize(("stop", "every"), [(13, None), (20, None), (7, 3), (16, 3), (25, 4)])
@pytest.mark.parametrize(
    "options",
    [{}, {"accumulate_grad_batches": 2}, {"val_check_interval": 5}, {"max_steps": 37}],
    ids=["plain", "accumulated", "often", "steps"],
)
def test_ends_bit_equal(make_trainer: MakeTrainer, tmp_path: Path, stop: int, every: int | None, options: dict[str, Any]) -> None:
    if "accumulate_grad_batches" in options:
        stop //= 2
    fit(make_trainer, tmp_path / "whole", [], every=every, **options)
    with pytest.raises(InterruptedError):
        fit(make_trainer, tmp_path / "broken", [StopAt(stop)], every=every, **options)
    fit(make_trainer, tmp_path / "broken", [], resume=True, every=every, **options)
    assert ends_alike(tmp_path / "whole", tmp_path / "broken")


def test_plain_loaders_are_exact_at_an_epochs_end(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    def own(*arguments: Any, **options: Any) -> Any:
        return DataLoader(*arguments, generator=torch.Generator().manual_seed(3), **options)

    for name, loader in (("global", DataLoader), ("own", own)):
        whole, broken = tmp_path / f"{name}-whole", tmp_path / f"{name}-broken"
        fit(make_trainer, whole, [], loader=loader)
        with pytest.raises(InterruptedError):
            fit(make_trainer, broken, [StopAt(33)], loader=loader)
        fit(make_trainer, broken, [], resume=True, loader=loader)
        assert ends_alike(whole, broken), name


def test_twice_stopped_is_no_worse(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    fit(make_trainer, tmp_path / "whole", [], every=3)
    for resume, stop in ((False, 8), (True, 17)):
        with pytest.raises(InterruptedError):
            fit(make_trainer, tmp_path / "broken", [StopAt(stop)], every=3, resume=resume)
    fit(make_trainer, tmp_path / "broken", [], every=3, resume=True)
    assert ends_alike(tmp_path / "whole", tmp_path / "broken")


def test_the_score_of_the_last_validation_is_in_what_is_saved_before_the_next(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    def scored(name: str, *extra: Callback, resume: bool = False) -> Any:
        best = ModelCheckpoint(tmp_path / name, filename="best", monitor="val/loss")
        fit(make_trainer, tmp_path / name, [*extra, best], resume=resume, check_val_every_n_epoch=3)
        state = torch.load(tmp_path / name / "last.ckpt", weights_only=True)["callbacks"][best.state_key]
        return {key: value for key, value in values(state).items() if "path" not in key and key != "best_k_models"}

    whole = scored("whole")  # validated in the third of four epochs
    with pytest.raises(InterruptedError):
        scored("broken", StopAt(33))
    assert whole["current_score"] is not None
    assert scored("broken", resume=True) == whole


def test_the_best_epoch_is_in_what_is_saved_wherever_it_stands(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    best = ModelCheckpoint(tmp_path, filename="best", monitor="val/loss")
    last = LastCheckpoint(tmp_path)
    trainer = make_trainer(max_epochs=2, callbacks=[last, best], enable_checkpointing=True)
    trainer.fit(Noisy())
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)["callbacks"][best.state_key]
    assert state["best_model_score"] == best.best_model_score
    assert state["current_score"] == trainer.callback_metrics["val/loss"]
    assert trainer.checkpoint_callback is best


def test_alone_it_is_what_lightning_loads_as_the_best(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    class Tested(Noisy):
        def test_step(self, batch: Any, batch_idx: int) -> None:
            self.log("test/loss", F.cross_entropy(self.net(batch[0]), batch[1]))

        test_dataloader = Noisy.val_dataloader

    trainer = make_trainer(max_epochs=1, callbacks=[LastCheckpoint(tmp_path)], enable_checkpointing=True)
    trainer.fit(Tested())
    (found,) = trainer.test(ckpt_path="best", weights_only=True, verbose=False)
    assert found["test/loss"] == pytest.approx(
        float(trainer.test(Tested.load_from_checkpoint(tmp_path / "last.ckpt"))[0]["test/loss"])
    )


def test_a_trial_of_the_code_leaves_a_real_runs_files(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    def callbacks() -> list[Callback]:
        return [SGDR(1), CycleSnapshots(tmp_path), LastCheckpoint(tmp_path), RunRecord(tmp_path)]

    make_trainer(max_epochs=2, callbacks=callbacks(), enable_checkpointing=True).fit(Noisy())
    (tmp_path / "average.ckpt").touch()  # as SnapshotEnsemble leaves it
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert {"last.ckpt", "before_last.ckpt", "cycle-1.ckpt", "average.ckpt", "metrics.json"} <= before.keys()
    for count in (True, 3):
        make_trainer(fast_dev_run=count, callbacks=callbacks(), enable_checkpointing=True).fit(Noisy())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("stopper", "options", "epochs"),
    [
        (lambda: EarlyStopping("train/most", patience=1, mode="min", min_delta=9.0), {}, 2),  # no epoch is better than the first
        (lambda: EarlyStopping("train/most", patience=0, mode="min", min_delta=-9.0), {}, 4),  # every epoch is better
        (lambda: EarlyStopping("train/most", stopping_threshold=9.0, mode="min"), {}, 1),  # reached in the first epoch
        (lambda: EarlyStopping("train/most", stopping_threshold=9.0, mode="min"), {"min_epochs": 3}, 3),  # the end is put off
    ],
    ids=["patience", "better", "threshold", "put off"],
)
def test_a_training_that_had_been_stopped_early_is_not_continued(
    make_trainer: MakeTrainer, tmp_path: Path, stopper: Callable[[], Callback], options: dict[str, Any], epochs: int
) -> None:
    class Copy(LastCheckpoint):
        """Keeps what a process that is killed at the end of an epoch leaves."""

        def on_train_epoch_end(self, trainer: Trainer, pl_module: Any) -> None:
            super().on_train_epoch_end(trainer, pl_module)
            for logger in trainer.loggers:
                logger.save()
            shutil.copytree(tmp_path / "whole", tmp_path / f"killed {trainer.current_epoch}")

    whole = fit(make_trainer, tmp_path / "whole", [stopper()], last=Copy, **options)
    assert whole.current_epoch == epochs
    for epoch in range(epochs):
        resumed = fit(make_trainer, tmp_path / f"killed {epoch}", [stopper()], resume=True, **options)
        assert (resumed.current_epoch, resumed.global_step) == (epochs, whole.global_step)
        assert ends_alike(tmp_path / "whole", tmp_path / f"killed {epoch}")


def test_a_training_whose_time_was_over_goes_on_with_more_time(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    timer = classes("callbacks.Timer")[0]
    short = fit(make_trainer, tmp_path, [timer(timedelta(milliseconds=1), interval="epoch")])
    assert short.current_epoch == 1
    assert fit(make_trainer, tmp_path, [timer(timedelta(hours=1), interval="epoch")], resume=True).current_epoch == 4


def test_every_step_is_logged_once(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    with pytest.raises(InterruptedError):
        fit(make_trainer, tmp_path, [StopAt(18)])  # eight steps after the last checkpoint
    assert len([row for row in rows_of(tmp_path / "metrics.csv") if row["train/loss_step"]]) == 18
    fit(make_trainer, tmp_path, [], resume=True)
    rows = rows_of(tmp_path / "metrics.csv")
    assert [int(row["step"]) for row in rows if row["train/loss_step"]] == list(range(40))
    assert [int(row["epoch"]) for row in rows if row["train/loss_epoch"]] == [0, 1, 2, 3]
    assert [int(row["epoch"]) for row in rows if row["val/loss"]] == [0, 1, 2, 3]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("at", [14, 19])  # within an epoch, and at its last step
def test_signals_end_in_a_checkpoint(make_trainer: MakeTrainer, tmp_path: Path, number: int, code: int, at: int) -> None:
    class Asked(Callback):
        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
            if trainer.global_step == at:
                os.kill(os.getpid(), number)

    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    fit(make_trainer, tmp_path / "whole", [])
    with pytest.raises(SystemExit) as left:
        fit(make_trainer, tmp_path / "broken", [Asked()])
    assert left.value.code == code
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == before
    assert torch.load(tmp_path / "broken" / "last.ckpt", weights_only=True)["global_step"] == at + 1
    fit(make_trainer, tmp_path / "broken", [], resume=True)
    assert ends_alike(tmp_path / "whole", tmp_path / "broken")


def test_the_one_before_is_kept(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    fit(make_trainer, tmp_path, [])
    last, before = (torch.load(tmp_path / f"{name}.ckpt", weights_only=True) for name in ("last", "before_last"))
    assert (before["global_step"], last["global_step"]) == (30, 40)
    assert not list(tmp_path.glob("*.part"))


def test_minutes(make_trainer: MakeTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []

    class Saved(Callback):
        def on_save_checkpoint(self, trainer: Trainer, pl_module: Any, checkpoint: Any) -> None:
            saved.append(trainer.global_step)

    now = iter(range(0, 100_000, 20))
    monkeypatch.setattr("practicum.callbacks.run.last_checkpoint.time.monotonic", lambda: float(next(now)))
    callbacks = [LastCheckpoint(tmp_path, every_n_minutes=1), Saved()]
    make_trainer(max_epochs=1, enable_checkpointing=True, callbacks=callbacks).fit(Noisy())
    assert len(saved) in (3, 4, 5)  # of ten steps, with a clock that advances 20 s at each look
    assert saved[-1] == 10


def test_a_best_checkpoint_is_found_where_the_folder_was_moved_to() -> None:
    state = {
        "dirpath": "/a/run",
        "best_model_path": "/a/run/best.ckpt",
        "best_k_models": {"/a/run/best.ckpt": 0.5},
        "mode": "min",
    }
    relocate(state, "/b")
    assert state == {"dirpath": "/b", "best_model_path": "/b/best.ckpt", "best_k_models": {"/b/best.ckpt": 0.5}, "mode": "min"}


def test_the_best_weights_of_a_moved_folder_are_loaded_without_a_warning(
    make_trainer: MakeTrainer, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    saver = ModelCheckpoint(tmp_path / "a", "best", monitor="val/loss")
    fit(make_trainer, tmp_path / "a", [saver])
    (tmp_path / "a").rename(tmp_path / "b")
    moved = ModelCheckpoint(tmp_path / "b", "best", monitor="val/loss")
    trainer = make_trainer(enable_checkpointing=True, callbacks=[moved, LastCheckpoint(tmp_path / "b")])
    trainer.validate(Noisy(), ckpt_path=tmp_path / "b" / "best.ckpt", weights_only=True, verbose=False)
    assert Path(moved.best_model_path) == tmp_path / "b" / "best.ckpt"
    assert not [each for each in recwarn if "dirpath has changed" in str(each.message)]


@pytest.mark.parametrize("options", [{"every_n_steps": 0}, {"every_n_minutes": 0}])
def test_refusals_name_the_parameter(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(MisconfigurationException, match=next(iter(options))):
        LastCheckpoint(tmp_path, **options)
