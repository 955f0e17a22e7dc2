"""The configuration outside of ``hydra.main``, as in a notebook: Hydra's own ``compose`` and ``instantiate``, nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module
from hydra.utils import instantiate
from omegaconf import DictConfig
from practicum.cli.model_facts import model_builder
from practicum.conf import job_value
from practicum.lightning_shim import Trainer, resolve_precision


def composed(*overrides: str) -> DictConfig:
    with initialize_config_module("practicum.conf", version_base="1.3"):
        return compose("train", [*overrides])


def test_what_is_composed_trains_outside_of_hydra_main(tmp_path: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cfg = composed("data=image_folder", f"data.root={photos}", "data.size=32", "model=timm", "model.backbone=test_resnet")
    data = instantiate(cfg.data)
    data.prepare_data()
    data.setup()
    model = instantiate(cfg.model, optimizer=instantiate(cfg.optimizer), **data.describe())
    quiet = {"enable_progress_bar": False, "enable_checkpointing": False}
    trainer = instantiate(cfg.trainer, accelerator="cpu", logger=False, max_epochs=1, limit_train_batches=1, **quiet)
    trainer.fit(model, data)
    assert trainer.global_step == 1
    assert trainer.precision == resolve_precision("auto", "cpu")
    assert trainer.optimizers[0].param_groups[-1]["lr"] == cfg.optimizer.lr
    assert type(model_builder(cfg, data)()) is type(model)


def test_a_composed_run_has_one_folder_named_by_its_beginning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cfg = composed("experiment=stores")
    folder = Path(cfg.paths.run)
    assert (folder.parts[:2], len(folder.parts)) == (("runs", "stores"), 3)
    monkeypatch.setattr(time, "strftime", lambda *given: "another second")
    assert instantiate(cfg.trainer, logger=False, accelerator="cpu").default_root_dir == str(folder)
    assert Path(cfg.data.report_dir) == folder == Path(cfg.copy().callbacks.record.folder)


@pytest.mark.parametrize(
    ("monitor", "mode"), [("val/loss", "min"), ("val/accuracy", "max"), ("val/rmse", "min"), ("null", "min")]
)
def test_another_monitor_brings_its_own_mode(monitor: str, mode: str, tmp_path: Path) -> None:
    folder = f"callbacks.checkpoint.dirpath={tmp_path}"
    typed = [f"callbacks.checkpoint.monitor={monitor}", "callbacks=[default,patience]", f"callbacks.patience.monitor={monitor}"]
    cfg = composed("data=image_folder", folder, *typed[: 2 if monitor == "null" else 3])
    assert instantiate(cfg.callbacks.checkpoint).mode == mode
    assert instantiate(cfg.callbacks.patience).mode == mode
    assert composed("data=image_folder", *typed[:1], "callbacks.checkpoint.mode=max").callbacks.checkpoint.mode == "max"


def test_within_a_job_values_are_the_job_s(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = DictConfig({"runtime": {"output_dir": "runs/a", "choices": {"data": "tastes"}}})
    assert job_value("runtime.output_dir", "elsewhere") == "elsewhere"
    monkeypatch.setattr("hydra.core.hydra_config.HydraConfig.initialized", lambda: True)
    monkeypatch.setattr("hydra.core.hydra_config.HydraConfig.get", lambda: jobs)
    assert job_value("runtime.output_dir", "elsewhere") == "runs/a"
    cfg = composed("data=tastes")
    assert (cfg.paths.run, str(cfg.name).split("_")[0]) == ("runs/a", "tastes")


def test_a_trainer_takes_precision_as_lightning_does_and_auto() -> None:
    options = {"accelerator": "cpu", "logger": False, "enable_progress_bar": False}
    assert Trainer(**options).precision == "32-true"
    assert Trainer(precision="bf16-mixed", **options).precision == "bf16-mixed"
    assert Trainer(precision="auto", **options).precision == resolve_precision("auto", "cpu")
