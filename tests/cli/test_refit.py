"""The last training: the best number of epochs, on validation's rows too, and nothing where that would flatter a test."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from practicum.callbacks import EMA, LRFinder
from practicum.callbacks.averaging.snapshots import CycleSnapshots
from practicum.cli.refit import refit
from practicum.cli.trainer_factory import build_trainer
from practicum.datamodules import Table
from practicum.lightning_shim import Callback, ModelCheckpoint, Trainer, seed_everything
from practicum.modules import TabularEnsemble

CONFIG: dict[str, Any] = {
    "seed": 1,
    "schedule": {"_target_": "practicum.callbacks.OneCycle", "momentum": None},
    "trainer": {
        "_target_": "practicum.lightning_shim.Trainer",
        "max_epochs": 6,
        "max_steps": -1,
        "accelerator": "cpu",
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "logger": False,
    },
}


class SeenRows(Callback):
    """Keeps the numbers that a training was given."""

    def __init__(self) -> None:
        self.seen: set[float] = set()

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.seen |= {*batch[0][1].flatten().tolist()}


def table(folder: Path, test: bool) -> Table:
    x = np.random.default_rng(0).normal(size=400)
    splits = ["train", "valid", "test" if test else "train", "train"] * 100
    frame = pl.DataFrame({"x": x, "y": np.abs(x) + 1.0, "split": splits})
    data = Table(frame, "y", split_column="split", batch_size=32, cache=folder)
    data.prepare_data()
    data.setup("fit")
    return data


def trained(config: DictConfig, data: Table, folder: Path, *callbacks: Callback) -> tuple[Trainer, Any, Path]:
    def build() -> TabularEnsemble:
        return TabularEnsemble(
            **data.describe(), members=2, hidden_sizes=[16], optimizer=lambda groups: torch.optim.AdamW(groups, lr=0.02)
        )

    saver = ModelCheckpoint(folder, "best", monitor="val/loss", enable_version_counter=False)
    trainer = build_trainer(config.trainer, [saver, *callbacks], [])
    seed_everything(1, verbose=False)
    trainer.fit(build(), datamodule=data)
    return trainer, build, Path(saver.best_model_path)


def test_the_best_checkpoint_holds_a_training_with_validations_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, data, seen = OmegaConf.create(CONFIG), table(tmp_path, test=True), SeenRows()
    trainer, build, best = trained(config, data, tmp_path)
    before = torch.load(best, weights_only=True)
    monkeypatch.setattr("practicum.cli.refit.build_trainer", lambda cfg, more, logs: build_trainer(cfg, [*more, seen], logs))
    assert refit(config, trainer, data, build) is not None
    after = torch.load(best, weights_only=True)
    assert after["provenance"] == {"source": "random", "refit_epochs": before["epoch"] + 1}
    assert set(after) - {"provenance"} == set(before) - {"provenance"}
    assert not torch.equal(after["state_dict"]["head.weight"], before["state_dict"]["head.weight"])
    numbers, rows = data.arrays().numbers, data.arrays().rows
    assert {*numbers[rows["train"]].flatten().tolist(), *numbers[rows["valid"]].flatten().tolist()} == seen.seen
    assert not data.train_on_validation
    assert data.trainer is trainer
    trainer.test(build(), datamodule=data, ckpt_path=best, weights_only=True, verbose=False)  # the checkpoint is whole
    again = torch.load(best, weights_only=True)
    refit(config, trainer, data, build)  # as after a resume
    assert torch.equal(torch.load(best, weights_only=True)["state_dict"]["head.weight"], again["state_dict"]["head.weight"])


def test_a_rate_that_was_found_is_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Rates(Callback):
        def __init__(self) -> None:
            self.highest = 0.0

        def on_train_batch_end(self, trainer: Trainer, *args: Any, **options: Any) -> None:
            self.highest = max(self.highest, *(group["lr"] for group in trainer.optimizers[0].param_groups))

    config, data = OmegaConf.create({**CONFIG, "schedule": None}), table(tmp_path, test=True)
    finder, anew = LRFinder(steps=30), Rates()
    trainer, build, _ = trained(config, data, tmp_path, finder)
    finder.tests[0]["chosen"] = 0.005  # whatever was found in so small a table
    monkeypatch.setattr("practicum.cli.refit.build_trainer", lambda cfg, more, logs: build_trainer(cfg, [*more, anew], logs))
    refit(config, trainer, data, build)
    assert anew.highest == pytest.approx(0.005)


def test_nothing_happens_without_a_test_of_its_own_or_with_averaged_weights(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    config = OmegaConf.create(CONFIG)
    for test, callbacks in ((False, []), (True, [EMA(decay=0.9)]), (True, [CycleSnapshots(tmp_path / "cycles")])):
        caplog.clear()
        folder = tmp_path / f"{test}{len(list(tmp_path.iterdir()))}"
        data = table(folder, test)
        trainer, build, best = trained(config, data, folder, *callbacks)
        before = best.read_bytes()
        assert refit(config, trainer, data, build) is None
        assert best.read_bytes() == before
        assert ("refit is left out" in caplog.text) == test  # said where one could expect it


def test_refit_says_that_it_is_for_tables(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    config, data = OmegaConf.create(CONFIG), table(tmp_path, test=True)
    trainer, build, _ = trained(config, data, tmp_path)
    assert refit(config, trainer, SimpleNamespace(tests_on="test"), build) is None
    assert "refit is left out, and the test is of the best epoch: it is for tables, and SimpleNamespace is none." in caplog.text
