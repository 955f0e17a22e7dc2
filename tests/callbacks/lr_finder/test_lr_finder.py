"""The range test: what it finds, that it leaves no trace, and what Lightning's users ran into with theirs."""

from __future__ import annotations

import csv
import json
import logging
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from practicum.callbacks import SGDR, GradualUnfreezing, LRFinder, Watcher
from practicum.callbacks.lr_finder.lr_finder import range_test_rates
from practicum.lightning_shim import Callback, LightningModule, Trainer, classes
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics import MeanMetric

EarlyStopping = classes("callbacks.EarlyStopping")[0]
ModelCheckpoint = classes("callbacks.ModelCheckpoint")[0]
MakeTrainer = Callable[..., Trainer]


def points(count: int = 256) -> TensorDataset:
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(count, 8, generator=generator)
    return TensorDataset(x, (x[:, 0] + x[:, 1] > 0).long())


class Classifier(LightningModule):
    """Two layer groups, BatchNorm, dropout, a metric, a counter and draws from every global generator."""

    def __init__(self, dropout: float = 0.3, norm: bool = True) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.body = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16) if norm else nn.Identity(), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Linear(16, 2)
        self.mean = MeanMetric()
        self.seen = 0
        self.logged: list[tuple[int, float]] = []

    def layer_groups(self) -> list[list[nn.Module]]:
        return [[self.body], [self.head]]

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x))

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        self.seen += 1
        jitter = random.random() + np.random.random() + float(torch.rand(()))
        loss = F.cross_entropy(self(batch[0] * (1 + 0.01 * jitter)), batch[1])
        self.mean.update(loss.detach())
        self.log("train/loss", loss, on_step=True, on_epoch=True)
        self.log("train/mean", self.mean, on_step=False, on_epoch=True)
        return loss

    def on_train_epoch_end(self) -> None:
        self.logged.append((self.seen, float(self.trainer.callback_metrics["train/loss_epoch"])))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        groups = [{"params": self.body.parameters(), "lr": 0.01}, {"params": self.head.parameters(), "lr": 0.1}]
        return torch.optim.SGD(groups, momentum=0.9)

    def train_dataloader(self) -> Any:
        return DataLoader(points(), batch_size=32, shuffle=True)


class ByHand(Classifier):
    """Optimizes by hand and accumulates two batches."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        loss = super().training_step(batch, batch_idx)
        self.manual_backward(loss / 2)
        if batch_idx % 2:
            optimizer = self.optimizers()
            optimizer.step()
            optimizer.zero_grad()
        return loss


def test_update_scales_every_group_and_schedule_in_its_ratio(make_trainer: MakeTrainer) -> None:
    finder = LRFinder(suggest="steep")
    trainer = make_trainer(max_epochs=3, callbacks=[SGDR(), finder])
    trainer.fit(Classifier(dropout=0.0))
    chosen = finder.tests[0]["chosen"]
    assert chosen == finder.tests[0]["suggestions"]["steep"]
    assert [group["initial_lr"] for group in trainer.optimizers[0].param_groups] == pytest.approx([chosen / 10, chosen])
    assert trainer.lr_scheduler_configs[0].scheduler.base_lrs == pytest.approx([chosen / 10, chosen])


def test_each_group_sweeps_in_its_own_ratio(make_trainer: MakeTrainer) -> None:
    swept: list[list[float]] = []

    class Watch(Callback):
        def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
            swept.append([group["lr"] for group in optimizer.param_groups])

    make_trainer(max_epochs=1, callbacks=[Watch(), LRFinder(update=False, steps=30, stop_at=None, end=1.0)]).fit(Classifier())
    rates = range_test_rates(1e-7, 1.0, 30)
    assert swept[:30] == [pytest.approx([rate / 10, rate]) for rate in rates]
    assert swept[30] == pytest.approx([0.01, 0.1])  # and the training itself goes on at its own


def test_rates_run_from_start_to_end() -> None:
    rates = range_test_rates(1e-7, 10, 100)
    assert (rates[0], rates[-1]) == (1e-7, pytest.approx(10))
    assert np.diff(np.log(rates)) == pytest.approx(np.full(99, np.log(1e8) / 99))
    assert range_test_rates(1, 3, 5, "linear") == [1, 1.5, 2, 2.5, 3]


def test_a_curve_without_a_valley_is_said_and_changes_nothing(
    make_trainer: MakeTrainer, caplog: pytest.LogCaptureFixture
) -> None:
    class Noise(Classifier):
        def training_step(self, batch: Any, batch_idx: int) -> Tensor:
            return 0.0 * super().training_step(batch, batch_idx) + 1 + 0.1 * torch.rand(())

    finder = LRFinder()
    trainer = make_trainer(callbacks=[finder])
    with caplog.at_level(logging.WARNING, logger="practicum"):
        trainer.fit(Noise())
    assert "no valley" in caplog.text
    assert finder.tests[0]["chosen"] is None
    assert [group["lr"] for group in trainer.optimizers[0].param_groups] == [0.01, 0.1]


def test_writes_curve_and_figure(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    finder = LRFinder(at=[0, 1], folder="figures")
    make_trainer(max_epochs=2, callbacks=[finder]).fit(Classifier())
    with open(tmp_path / "figures" / "lr_find.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["epoch"] for row in rows} == {"0", "1"}
    assert [float(row["lr"]) for row in rows if row["epoch"] == "0"] == finder.tests[0]["lr"]
    with Image.open(tmp_path / "figures" / "lr_find.png") as picture:
        assert picture.format == "PNG"
    assert finder.facts["lr_find/valley"] == finder.tests[-1]["suggestions"]["valley"]


def test_stops_where_the_loss_explodes(make_trainer: MakeTrainer) -> None:
    finder = LRFinder(update=False, end=1e6, stop_at=4.0)
    make_trainer(callbacks=[finder]).fit(Classifier(dropout=0.0, norm=False))
    (test,) = finder.tests
    assert len(test["lr"]) < 100
    assert all(loss <= 4 * min(test["smoothed"]) for loss in test["smoothed"][:-1])


def test_stop_after_test_trains_nothing(make_trainer: MakeTrainer) -> None:
    module = Classifier()
    before = [value.clone() for value in module.state_dict().values()]
    trainer = make_trainer(max_epochs=3, callbacks=[LRFinder(stop_after_test=True)])
    trainer.fit(module)
    assert trainer.global_step == 0
    assert all(torch.equal(x, y) for x, y in zip(before, module.state_dict().values(), strict=True))


def test_at_unfreezing(make_trainer: MakeTrainer) -> None:
    finder = LRFinder(at=["unfreeze"], update=False)
    unfreeze = GradualUnfreezing(at=[2], only_pretrained=False)
    make_trainer(max_epochs=4, callbacks=[finder, unfreeze]).fit(Classifier())
    assert [test["epoch"] for test in finder.tests] == [2]


def test_richs_bar_which_draws_in_a_thread_of_its_own_does_not_fail(make_trainer: MakeTrainer, monkeypatch: Any) -> None:
    failed: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", failed.append)
    bar = classes("callbacks.RichProgressBar")[0](refresh_rate=1)
    finder, shown = LRFinder(steps=30), []

    class Look(Callback):
        def on_train_batch_end(self, trainer: Trainer, *arguments: Any) -> None:
            bar.progress.refresh()  # as its thread does
            shown.append(bar.is_enabled)

    make_trainer(max_epochs=1, callbacks=[bar, finder, Look()], enable_progress_bar=True).fit(Classifier())
    assert shown[:1] == [False]  # in the test
    assert shown[-1]
    assert not failed


def test_one_batch_is_enough(make_trainer: MakeTrainer) -> None:
    finder = LRFinder(update=False)
    make_trainer(callbacks=[finder], limit_train_batches=1).fit(Classifier())
    assert len(finder.tests[0]["lr"]) > 25


# Lightning's threads -----------------------------------------------------------------------------------------------------


def test_thread_14674_works_with_unfreezing(make_trainer: MakeTrainer) -> None:
    """LearningRateFinder breaks with BackboneFinetuning: parameter groups added later were not in the test."""
    frozen: list[bool] = []

    class Watch(Callback):
        def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
            frozen.append(pl_module.body[0].weight.grad is None)

    finder = LRFinder(steps=30)
    trainer = make_trainer(max_epochs=3, callbacks=[finder, GradualUnfreezing(at=[1], only_pretrained=False), Watch()])
    trainer.fit(Classifier())
    steps = len(finder.tests[0]["lr"])
    assert all(frozen[:steps])  # the test trained what the epoch trains
    assert not any(frozen[-8:])
    assert len(trainer.optimizers[0].param_groups) == 2


def test_thread_4846_works_after_an_epoch_has_been_trained(make_trainer: MakeTrainer) -> None:
    """lr_find fails once the module has been trained for an epoch."""
    module = Classifier()
    make_trainer(max_epochs=1).fit(module)
    finder = LRFinder(at=[1], update=False)
    make_trainer(max_epochs=2, callbacks=[finder]).fit(module)
    assert len(finder.tests[0]["lr"]) > 25


def test_thread_6675_weights_do_not_move(make_trainer: MakeTrainer) -> None:
    """lr_find changed the model's weights and the state of its optimizer."""
    seen: list[dict[str, Tensor]] = []

    class Watch(Watcher):
        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
            if batch_idx == 0:
                seen.append({name: value.clone() for name, value in pl_module.state_dict().items()})
                LRFinder(update=False).sweep(trainer, pl_module)
                seen.append({name: value.clone() for name, value in pl_module.state_dict().items()})
                assert not trainer.optimizers[0].state  # of a new optimizer there is none

    make_trainer(callbacks=[Watch()]).fit(Classifier())
    assert all(torch.equal(seen[0][name], seen[1][name]) for name in seen[0])


def test_thread_20008_can_be_repeated_in_mid_training(make_trainer: MakeTrainer) -> None:
    """Running the test again in mid-training failed, or gave the curve of the first one."""
    finder = LRFinder(at=[0, 2, 3], update=False)
    make_trainer(max_epochs=4, callbacks=[finder]).fit(Classifier(dropout=0.0))
    assert [test["epoch"] for test in finder.tests] == [0, 2, 3]
    assert finder.tests[1]["loss"][0] < finder.tests[0]["loss"][0]  # the network has learnt meanwhile


def test_other_callbacks_shape_the_test_and_watchers_do_not(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    """Lightning's own finder removes every other callback, and sets all groups to one rate."""

    class Halves(Callback):
        """Shapes the step: halves what the network is given; counts its calls."""

        calls = 0

        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
            self.calls += 1
            batch[0].mul_(0.5)

    halves = Halves()
    checkpoint = ModelCheckpoint(tmp_path, every_n_train_steps=1, save_top_k=-1)
    stopping = EarlyStopping("train/loss_epoch", patience=50)
    finder = LRFinder(update=False)
    trainer = make_trainer(max_epochs=1, callbacks=[halves, stopping, checkpoint, finder], enable_checkpointing=True)
    trainer.fit(Classifier(dropout=0.0))
    plain = LRFinder(update=False)
    make_trainer(max_epochs=1, callbacks=[plain]).fit(Classifier(dropout=0.0))
    assert finder.tests[0]["loss"] != plain.tests[0]["loss"]
    assert halves.calls == 8  # as if there had been no test
    assert len(list(tmp_path.glob("*.ckpt"))) == 8


TWO_PROCESSES = """
import json, sys
from practicum.callbacks import SGDR, LRFinder
from practicum.lightning_shim import Trainer, seed_everything
sys.path.insert(0, {here!r})
from test_lr_finder import Classifier

finder = LRFinder()
seed_everything(1, verbose=False)
trainer = Trainer(max_epochs=3, accelerator="cpu", devices=2, strategy="ddp", callbacks=[finder, SGDR()], logger=False,
                     enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False)
trainer.fit(Classifier(dropout=0.0))
losses, rates = finder.tests[0]["loss"], [group["lr"] for group in trainer.optimizers[0].param_groups]
with open(f"rank{{trainer.global_rank}}.json", "w") as file:
    json.dump([finder.tests[0]["suggestions"], losses, rates], file)
"""


def test_two_processes_average_their_losses_and_find_the_same(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(TWO_PROCESSES.format(here=str(Path(__file__).parent)), encoding="utf-8")
    subprocess.run([sys.executable, "main.py"], cwd=tmp_path, check=True, capture_output=True, timeout=300)
    first, second = (json.loads((tmp_path / f"rank{rank}.json").read_text(encoding="utf-8")) for rank in (0, 1))
    assert first == second
    assert first[0]["valley"] > 0


def test_a_second_fit_has_tests_of_its_own_and_a_figure_that_fails_ends_none(
    make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise RuntimeError("no figure today")

    monkeypatch.setattr("practicum.callbacks.lr_finder.lr_finder.draw_curves", fail)
    finder = LRFinder(steps=25, folder="figures")
    for _ in range(2):
        make_trainer(max_epochs=1, callbacks=[finder]).fit(Classifier())
        assert len(finder.tests) == 1
    assert "LRFinder: nothing is drawn, and the run goes on: RuntimeError: no figure today" in caplog.text


def test_a_checkpoint_that_was_predicted_with_is_no_part_of_the_next_fit(make_trainer: MakeTrainer, tmp_path: Path) -> None:
    finder, path = LRFinder(steps=25), tmp_path / "a.ckpt"
    trainer = make_trainer(max_epochs=1, callbacks=[finder])
    trainer.fit(Classifier())
    trainer.save_checkpoint(path)
    trainer = make_trainer(max_epochs=1, callbacks=[finder])
    trainer.predict(Classifier(), DataLoader(points(4).tensors[0]), ckpt_path=path, weights_only=True)  # type: ignore[arg-type]
    trainer.fit(Classifier())
    assert len(finder.tests) == 1
    make_trainer(max_epochs=2, callbacks=[finder]).fit(Classifier(), ckpt_path=path, weights_only=True)
    assert len(finder.tests) == 1  # that of the checkpoint
