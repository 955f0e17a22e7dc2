"""Which weights are saved, with any schedule, through a resume."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from practicum.callbacks import SGDR, CyclicalLR, LastCheckpoint, LRFinder, SnapshotEnsemble, WindowLengthLR
from practicum.callbacks.averaging.snapshots import CycleSnapshots
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchdata.stateful_dataloader import StatefulDataLoader

MakeTrainer = Callable[..., Trainer]


class Classifier(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.net = nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 2))

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return F.cross_entropy(self.net(batch[0]), batch[1])

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.3, momentum=0.9)

    def train_dataloader(self) -> Any:
        x = torch.randn(96, 6, generator=torch.Generator().manual_seed(4))
        return StatefulDataLoader(TensorDataset(x, (x[:, 0] * x[:, 1] > 0).long()), batch_size=16)


def stored(path: Path) -> dict[str, Tensor]:
    return torch.load(path, weights_only=True)["state_dict"]  # type: ignore[no-any-return]


class Keep(Callback):
    """The weights after each step."""

    def __init__(self) -> None:
        self.after: list[dict[str, Tensor]] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        self.after.append({name: value.clone() for name, value in pl_module.state_dict().items()})


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


def test_snapshots_are_the_weights_at_each_cycles_end(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    keep = Keep()
    make_trainer(max_epochs=7, callbacks=[keep, SGDR(1, 2), CycleSnapshots(tmp_path)]).fit(Classifier())
    paths = sorted(tmp_path.iterdir())
    assert [path.name for path in paths] == ["cycle-1.ckpt", "cycle-2.ckpt", "cycle-3.ckpt"]
    for path, step in zip(paths, (5, 17, 41), strict=True):  # 6 steps an epoch; the step of the lowest rate
        assert equal(stored(path), keep.after[step])


@pytest.mark.parametrize(
    "schedule", [lambda o: torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 2), None], ids=["torchs_by_epoch", "triangles"]
)
def test_any_schedule_with_cycles(make_trainer: MakeTrainer, tmp_path: Path, schedule: Any) -> None:
    class Scheduled(Classifier):
        def configure_optimizers(self) -> Any:
            optimizer = super().configure_optimizers()
            return optimizer if schedule is None else ([optimizer], [schedule(optimizer)])

    keep = Keep()
    callbacks = [keep, CycleSnapshots(tmp_path), *([] if schedule else [CyclicalLR(1)])]
    make_trainer(max_epochs=6, callbacks=callbacks).fit(Scheduled())
    steps = (11, 23, 35) if schedule else (12, 24, 35)  # every 2 epochs; a triangle's lowest step begins the next
    assert len(list(tmp_path.iterdir())) == len(steps)
    for number, step in enumerate(steps, 1):
        assert equal(stored(tmp_path / f"cycle-{number}.ckpt"), keep.after[step])


def test_steps_scaled_by_their_windows_end_no_cycle(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    class Windows(Classifier):
        def train_dataloader(self) -> Any:  # of 8 rows and 24 in turn
            x = torch.randn(96, 6, generator=torch.Generator().manual_seed(4))
            windows = [(each, (each[:, 0] > 0).long()) for each in x.split([8, 24] * 3)]
            return DataLoader(windows, batch_size=None)  # type: ignore[arg-type]

    callback = CycleSnapshots(tmp_path)
    make_trainer(max_epochs=3, callbacks=[WindowLengthLR(16, time_dim=0), SGDR(1, 2), callback]).fit(Windows())
    assert callback.cycles == 2


def test_a_range_test_ends_no_cycle(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    finder = LRFinder(at=[0, 2], steps=30, suggest="minimum")
    make_trainer(max_epochs=3, callbacks=[CycleSnapshots(tmp_path), finder, SGDR(1, 2)]).fit(Classifier())
    assert len(list(tmp_path.iterdir())) == 2


def test_of_several_optimizers_the_first_has_the_cycles(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    class ByHand(Classifier):
        """A constant rate, and a second optimizer whose rate rises and falls with each step."""

        automatic_optimization = False

        def training_step(self, batch: Any, batch_idx: int) -> None:  # type: ignore[override]
            loss = super().training_step(batch, batch_idx)
            self.manual_backward(loss)
            for number, optimizer in enumerate(self.optimizers()):
                optimizer.param_groups[0]["lr"] = 0.1 / (1 + number * (batch_idx % 2))
                optimizer.step()

        def configure_optimizers(self) -> Any:
            return [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in (self.net[0], self.net[3])]

    callback = CycleSnapshots(tmp_path)
    make_trainer(max_epochs=2, callbacks=[callback]).fit(ByHand())
    assert callback.cycles == 0


def test_resume_keeps_snapshots_and_drops_later_ones(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    class Stop(Callback):
        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
            if trainer.global_step == 20:
                raise InterruptedError

    def callbacks() -> list[Callback]:
        return [SGDR(1, 2), CycleSnapshots(tmp_path), LastCheckpoint(tmp_path, every_n_steps=4)]

    with pytest.raises(InterruptedError):
        make_trainer(max_epochs=7, callbacks=[*callbacks(), Stop()], enable_checkpointing=True).fit(Classifier())
    before = (tmp_path / "cycle-2.ckpt").read_bytes()
    (tmp_path / "cycle-9.ckpt").write_bytes(before)  # taken after the checkpoint that one goes on from
    (tmp_path / "cycle-best.ckpt").write_bytes(before)  # someone's own
    trainer = make_trainer(max_epochs=7, callbacks=callbacks(), enable_checkpointing=True)
    trainer.fit(Classifier(), ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert {path.stem for path in tmp_path.glob("cycle-*")} == {"cycle-1", "cycle-2", "cycle-3", "cycle-best"}
    assert (tmp_path / "cycle-2.ckpt").read_bytes() == before
    make_trainer(max_epochs=1, callbacks=[CycleSnapshots(tmp_path)]).fit(Classifier())
    assert [path.stem for path in tmp_path.glob("cycle-*")] == ["cycle-best"]  # a new training begins with none of its own


def test_without_cycles_it_is_a_warning(make_trainer: MakeTrainer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="practicum"):
        make_trainer(max_epochs=2, callbacks=[CycleSnapshots(tmp_path)]).fit(Classifier())
    assert "no cycle" in caplog.text


def test_only_the_last_are_kept(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    snapshots = CycleSnapshots(tmp_path, last=2)
    make_trainer(max_epochs=7, callbacks=[SGDR(1, 2), snapshots]).fit(Classifier())
    assert snapshots.snapshots() == [tmp_path / "cycle-2.ckpt", tmp_path / "cycle-3.ckpt"]
    assert not (tmp_path / "cycle-1.ckpt").exists()
    with pytest.raises(MisconfigurationException, match="last=0"):
        CycleSnapshots(tmp_path, last=0)


def test_a_mean_that_fails_leaves_the_module_as_it_was(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    class Dicts(Classifier):
        def forward(self, x: Tensor) -> Tensor:
            return self.net(x)  # type: ignore[no-any-return]

        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            return F.cross_entropy(self(batch["x"]), batch["y"])

        def train_dataloader(self) -> Any:
            x = torch.randn(96, 6, generator=torch.Generator().manual_seed(4))
            return StatefulDataLoader([{"x": row, "y": int(row[0] > 0)} for row in x], batch_size=16)  # type: ignore[arg-type]

    module, keep = Dicts(), Keep()
    ensemble = SnapshotEnsemble(tmp_path, average="weights")
    with pytest.raises(MisconfigurationException, match=r"Dicts.forward is called with the first part of each training batch"):
        make_trainer(max_epochs=3, callbacks=[keep, SGDR(1, 1), ensemble]).fit(module)
    assert equal(keep.after[-1], module.state_dict())
    assert module.net[1].momentum == 0.1
    assert not (tmp_path / "average.ckpt").exists()
