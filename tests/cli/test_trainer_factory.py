"""The trainer that train.py builds, and the precision it chooses."""

from __future__ import annotations

import pytest
import torch
from omegaconf import OmegaConf
from practicum.cli import trainer_factory
from practicum.cli.trainer_factory import (
    NoProfiler,
    build_trainer,
    check_accelerator,
    clip_without_fused,
    one_device_in_a_sweep,
)
from practicum.lightning_shim import PACKAGE, MisconfigurationException, RichProgressBar, classes, resolve_precision

QUIET = {
    "_target_": "practicum.lightning_shim.Trainer",
    "max_steps": 2,
    "accelerator": "cpu",
    "limit_val_batches": 0,
    "enable_progress_bar": False,
    "enable_model_summary": False,
    "enable_checkpointing": False,
}


class Line(PACKAGE.LightningModule):
    """A line through random points."""

    def __init__(self) -> None:
        super().__init__()
        self.line = torch.nn.Linear(4, 1)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return self.line(batch).square().mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def train_dataloader(self) -> torch.utils.data.DataLoader[torch.Tensor]:
        return torch.utils.data.DataLoader(torch.randn(8, 4), batch_size=2)  # type: ignore[arg-type]


def test_only_a_profiler_that_is_asked_for_measures() -> None:
    for profiler, kind in ((None, NoProfiler), ("simple", classes("profilers.SimpleProfiler"))):
        trainer = build_trainer(OmegaConf.create({**QUIET, "profiler": profiler}), [], [])
        trainer.fit(Line())
        assert isinstance(trainer.profiler, kind)
        assert ("training_step" in trainer.profiler.summary()) == (profiler == "simple")


@pytest.mark.parametrize(("option", "value"), [("accelerator", "gpuu"), ("strategy", "dpp"), ("precision", "17-mixed")])
def test_what_lightning_refuses_is_one_sentence(option: str, value: str) -> None:
    with pytest.raises(MisconfigurationException, match=f"trainer: .*{value}"):
        build_trainer(OmegaConf.create({**QUIET, option: value}), [], [])


def test_batchnorm_is_synchronized_on_gpus_only() -> None:
    with pytest.raises(MisconfigurationException, match="sync_batchnorm=true: .* runs on cpu"):
        build_trainer(OmegaConf.create({**QUIET, "sync_batchnorm": True, "strategy": "ddp", "devices": 2}), [], [])
    build_trainer(OmegaConf.create({**QUIET, "sync_batchnorm": False}), [], [])


def test_accelerator_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    check_accelerator("cpu")
    check_accelerator("auto")
    with pytest.raises(MisconfigurationException, match="trainer.accelerator=gpu: this machine has no GPU"):
        check_accelerator("gpu")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    check_accelerator("cuda")


def test_there_is_no_progress_bar_but_the_one_that_is_configured() -> None:
    config = OmegaConf.create({name: value for name, value in QUIET.items() if name != "enable_progress_bar"})
    assert build_trainer(config, [], []).progress_bar_callback is None
    bar = RichProgressBar()
    assert build_trainer(config, [bar], []).progress_bar_callback is bar
    config.enable_progress_bar = True
    assert build_trainer(config, [], []).progress_bar_callback is not None


def test_precision_is_left_as_given_or_chosen_for_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_precision("16-mixed") == "16-mixed"
    for bf16, amx, expected in ((True, False, "bf16-mixed"), (False, True, "bf16-mixed"), (False, False, "32-true")):
        monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda value=bf16: value)
        monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda value=amx: value)
        assert resolve_precision("auto", "cpu") == expected


@pytest.mark.parametrize(
    ("clip", "precision", "fused"), [(1.0, "bf16-mixed", False), (None, "bf16-mixed", True), (1.0, "32-true", True)]
)
def test_gradients_are_clipped_in_any_precision(clip: float | None, precision: str, fused: bool) -> None:
    trainer = {**QUIET, "gradient_clip_val": clip, "precision": precision}
    cfg = OmegaConf.create({"trainer": trainer, "optimizer": {"fused": True}})
    clip_without_fused(cfg)
    assert cfg.optimizer.fused is fused

    class Fused(Line):
        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.AdamW(self.parameters(), lr=0.1, fused=cfg.optimizer.fused)

    module = Fused()
    before = module.line.weight.clone()
    build_trainer(cfg.trainer, [], []).fit(module)
    assert not torch.equal(before, module.line.weight)


def test_a_run_of_a_sweep_trains_in_one_process(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    several = {**QUIET, "strategy": "ddp", "devices": 2}
    assert build_trainer(OmegaConf.create(several), [], []).world_size == 2  # no sweep
    monkeypatch.setattr(trainer_factory, "in_a_sweep", lambda: True)
    with pytest.raises(MisconfigurationException, match="a run of a sweep can't start 2 processes"):
        build_trainer(OmegaConf.create(several), [], [])
    assert build_trainer(OmegaConf.create({**several, "strategy": "ddp_spawn"}), [], []).world_size == 2
    config = OmegaConf.create({"devices": "auto"})
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    one_device_in_a_sweep(config)
    assert config.devices == 1
    assert "A run of a sweep trains on one device; 2 are there." in caplog.text
    config = OmegaConf.create({"devices": "auto"})
    monkeypatch.setenv("WORLD_SIZE", "2")  # a launcher has started them all
    one_device_in_a_sweep(config)
    assert config.devices == "auto"
