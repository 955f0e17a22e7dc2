"""Snapshots: which weights are kept, and what they say together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from practicum.callbacks import SGDR, CyclicalLR, LastCheckpoint, LRFinder, SnapshotEnsemble
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchdata.stateful_dataloader import StatefulDataLoader

MakeTrainer = Callable[..., pl.Trainer]


def points() -> TensorDataset:
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(96, 6, generator=generator)
    return TensorDataset(x, (x[:, 0] * x[:, 1] > 0).long())


class Classifier(pl.LightningModule):
    def __init__(self, norm: bool = True) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.net = nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12) if norm else nn.Identity(), nn.ReLU(), nn.Linear(12, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return F.cross_entropy(self(batch[0]), batch[1])

    def test_step(self, batch: Any, batch_idx: int) -> dict[str, Tensor]:
        logits = self(batch[0])
        self.log("test/loss", F.cross_entropy(logits, batch[1]), batch_size=len(batch[0]))
        return {"logits": logits}

    def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
        return self(batch[0]).softmax(1)

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.3, momentum=0.9)

    def train_dataloader(self) -> Any:
        return StatefulDataLoader(points(), batch_size=16)

    def test_dataloader(self) -> Any:
        return DataLoader(points(), batch_size=20)

    def predict_dataloader(self) -> Any:
        return DataLoader(points(), batch_size=20)


def stored(path: Path) -> dict[str, Tensor]:
    return torch.load(path, weights_only=True)["state_dict"]  # type: ignore[no-any-return]


def said_by(path: Path) -> Tensor:
    module = Classifier()
    module.load_state_dict(stored(path))
    with torch.no_grad():
        return module.eval()(points().tensors[0]).softmax(1)


class Keep(pl.Callback):
    """The weights after each step."""

    def __init__(self) -> None:
        self.after: list[dict[str, Tensor]] = []

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *args: Any) -> None:
        self.after.append({name: value.clone() for name, value in pl_module.state_dict().items()})


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return all(torch.equal(a[name], b[name]) for name in a)


def test_snapshots_are_the_weights_at_each_cycles_end(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    keep = Keep()
    make_trainer(max_epochs=7, callbacks=[keep, SGDR(1, 2), SnapshotEnsemble(tmp_path)]).fit(Classifier())
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
    callbacks = [keep, SnapshotEnsemble(tmp_path), *([] if schedule else [CyclicalLR(1)])]
    make_trainer(max_epochs=6, callbacks=callbacks).fit(Scheduled())
    steps = (11, 23, 35) if schedule else (12, 24, 35)  # every 2 epochs; a triangle's lowest step begins the next
    assert len(list(tmp_path.iterdir())) == len(steps)
    for number, step in enumerate(steps, 1):
        assert equal(stored(tmp_path / f"cycle-{number}.ckpt"), keep.after[step])


def test_a_range_test_ends_no_cycle(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    finder = LRFinder(at=[0, 2], steps=30, suggest="minimum")
    make_trainer(max_epochs=3, callbacks=[SnapshotEnsemble(tmp_path), finder, SGDR(1, 2)]).fit(Classifier())
    assert len(list(tmp_path.iterdir())) == 2


def test_probabilities_are_averaged_in_test_and_prediction(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    ensemble = SnapshotEnsemble(tmp_path, last=2)
    module = Classifier()
    trainer = make_trainer(max_epochs=7, callbacks=[SGDR(1, 2), ensemble])
    trainer.fit(module)
    own = {name: value.clone() for name, value in module.state_dict().items()}
    assert not (tmp_path / "cycle-1.ckpt").exists()
    together = (said_by(tmp_path / "cycle-2.ckpt") + said_by(tmp_path / "cycle-3.ckpt")) / 2
    assert torch.allclose(torch.cat(trainer.predict(module)), together, atol=1e-6)  # type: ignore[arg-type]
    (scores,) = trainer.test(module, verbose=False)
    targets = points().tensors[1]
    assert scores["test/loss"] == pytest.approx(float(F.nll_loss(together.log(), targets)), abs=1e-5)
    assert ensemble.facts == {"snapshots": 2}
    ensemble.enabled = False
    with torch.no_grad():
        plain = F.cross_entropy(module.eval()(points().tensors[0]), targets)
    assert trainer.test(module, verbose=False)[0]["test/loss"] == pytest.approx(float(plain), abs=1e-5)
    assert equal(own, module.state_dict())
    assert "forward" not in vars(module)  # what was wrapped is unwrapped


def test_weights_averaged_with_batchnorm_taken_anew(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    ensemble = SnapshotEnsemble(tmp_path, average="weights")
    module = Classifier()
    trainer = make_trainer(max_epochs=3, callbacks=[SGDR(1, 2), ensemble])
    trainer.fit(module)
    first, second, average = (stored(tmp_path / f"{name}.ckpt") for name in ("cycle-1", "cycle-2", "average"))
    for name in ("net.0.weight", "net.3.bias"):
        assert torch.allclose(average[name], (first[name] + second[name]) / 2, atol=1e-7)
    hidden = F.linear(points().tensors[0], average["net.0.weight"], average["net.0.bias"])
    assert torch.allclose(average["net.1.running_mean"], hidden.mean(0), atol=1e-5)
    assert torch.allclose(torch.cat(trainer.predict(module)), said_by(tmp_path / "average.ckpt"), atol=1e-6)  # type: ignore[arg-type]


def test_resume_keeps_snapshots_and_drops_later_ones(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    class Stop(pl.Callback):
        def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
            if trainer.global_step == 20:
                raise InterruptedError

    def callbacks() -> list[pl.Callback]:
        return [SGDR(1, 2), SnapshotEnsemble(tmp_path), LastCheckpoint(tmp_path, every_n_steps=4)]

    with pytest.raises(InterruptedError):
        make_trainer(max_epochs=7, callbacks=[*callbacks(), Stop()], enable_checkpointing=True).fit(Classifier())
    before = (tmp_path / "cycle-2.ckpt").read_bytes()
    (tmp_path / "cycle-9.ckpt").write_bytes(before)  # taken after the checkpoint that one goes on from
    trainer = make_trainer(max_epochs=7, callbacks=callbacks(), enable_checkpointing=True)
    trainer.fit(Classifier(), ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert {path.stem for path in tmp_path.glob("cycle-*")} == {"cycle-1", "cycle-2", "cycle-3"}
    assert (tmp_path / "cycle-2.ckpt").read_bytes() == before
    make_trainer(max_epochs=1, callbacks=[SnapshotEnsemble(tmp_path)]).fit(Classifier())
    assert not list(tmp_path.glob("cycle-*"))  # a new training begins with none


def test_without_cycles_it_says_so(make_trainer: MakeTrainer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    module = Classifier()
    trainer = make_trainer(max_epochs=2, callbacks=[SnapshotEnsemble(tmp_path)])
    with caplog.at_level(logging.WARNING, logger="practicum"):
        trainer.fit(module)
    assert "no cycle" in caplog.text
    trainer.test(module, verbose=False)


def test_refusals(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match="last=0"):
        SnapshotEnsemble(tmp_path, last=0)
    with pytest.raises(MisconfigurationException, match="average=median"):
        SnapshotEnsemble(tmp_path, average="median")  # type: ignore[arg-type]

    class Dictionary(Classifier):
        def forward(self, x: Tensor) -> Any:
            return {"logits": self.net(x)}

        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            return F.cross_entropy(self(batch[0])["logits"], batch[1])

        def predict_step(self, batch: Any, batch_idx: int) -> Tensor:
            return self(batch[0])["logits"].softmax(1)

    module = Dictionary()
    trainer = make_trainer(max_epochs=1, callbacks=[SGDR(3, unit="step"), SnapshotEnsemble(tmp_path)])
    trainer.fit(module)
    with pytest.raises(MisconfigurationException, match="Dictionary.forward returns a dictionary"):
        trainer.test(module, verbose=False)
    (snapshot,) = tmp_path.glob("cycle-*.ckpt")
    said = torch.cat(make_trainer(callbacks=[SnapshotEnsemble(tmp_path, output="logits")]).predict(module))  # type: ignore[arg-type]
    assert torch.allclose(said, said_by(snapshot), atol=1e-6)
