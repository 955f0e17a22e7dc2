"""A run folder is opened where it is now, with the weights and the callbacks that belong together."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from practicum.callbacks import TestTimeAugmentation
from practicum.cli.run_folder import open_run
from practicum.lightning_shim import MisconfigurationException
from practicum.modules import ImageClassifier


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with a configuration, a record and files that stand for weights."""
    (tmp_path / ".hydra").mkdir()
    (tmp_path / "checkpoints").mkdir()
    config = {
        "model": {"_target_": "practicum.modules.ImageClassifier", "backbone": "test_resnet"},
        "data": {"_target_": "practicum.datamodules.Spiders", "size": 32},
        "hints": {"predict": ["input=PHOTOS"]},
        "callbacks": {
            "tta": {"_target_": "practicum.callbacks.TestTimeAugmentation", "n": 2},
            "calibration": {"_target_": "practicum.callbacks.Calibration", "temperature": False},
            "curves": {"_target_": "practicum.callbacks.LearningCurves"},
            "progress": None,
        },
        "paths": {"run": "elsewhere", "data": "data"},
    }
    OmegaConf.save(OmegaConf.create(config), tmp_path / ".hydra" / "config.yaml")
    (tmp_path / "metrics.json").write_text(json.dumps({"status": "finished", "precision": "bf16-mixed"}), encoding="utf-8")
    for name in ("best", "last"):
        (tmp_path / "checkpoints" / f"{name}.ckpt").touch()
    return tmp_path


def changed(run: Path, key: str, value: object) -> Path:
    config = OmegaConf.load(run / ".hydra" / "config.yaml")
    OmegaConf.update(config, key, value)
    OmegaConf.save(config, run / ".hydra" / "config.yaml")
    return run


def test_opened_with_its_best_weights(run: Path) -> None:
    opened = open_run(run)
    assert opened.config.paths.run == str(run)
    assert opened.hints == {"predict": ["input=PHOTOS"]}
    assert opened.checkpoint == run / "checkpoints" / "best.ckpt"
    assert opened.precision == "bf16-mixed"
    assert opened.model_class is ImageClassifier
    assert [type(each) for each in opened.prediction_transforms()] == [TestTimeAugmentation]  # calibration has no temperature


def test_other_weights_come_without_transforms(run: Path) -> None:
    opened = open_run(run, str(run / "checkpoints" / "last.ckpt"))
    assert opened.prediction_transforms() == []


def test_calibration_counts_where_it_scales(run: Path) -> None:
    opened = open_run(changed(run, "callbacks.calibration.temperature", True))
    assert len(opened.prediction_transforms()) == 2


def test_callbacks_of_other_packages_are_left_out_without_trust(run: Path) -> None:
    changed(run, "callbacks.other", {"_target_": "test_run_folder_elsewhere.Other"})
    assert len(open_run(run).prediction_transforms()) == 1


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("model._target_", "os.system", "would run os.system, which is not part of practicum; trust=true allows it"),
        ("data.augment", {"_target_": "practicum.cli.errors.os.system"}, "would run practicum.cli.errors.os.system"),
        ("data.report", "x", "an earlier version made it: data.report was renamed to data.report_dir."),
    ],
)
def test_configurations_are_refused(run: Path, key: str, value: object, message: str) -> None:
    with pytest.raises(MisconfigurationException, match=message):
        open_run(changed(run, key, value))


def test_runs_that_never_finished_need_a_checkpoint(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run / "metrics.json").write_text('{"status": "interrupted"}', encoding="utf-8")
    with pytest.raises(MisconfigurationException, match=r"never finished \(interrupted\); checkpoint=.*best.ckpt uses"):
        open_run(run)
    assert open_run(run, str(run / "checkpoints" / "last.ckpt")).precision == "32-true"
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(MisconfigurationException, match=r"never finished \(interrupted\).$"):
        open_run(run)
    (run / "metrics.json").write_text('{"status": "finished"}', encoding="utf-8")
    with pytest.raises(MisconfigurationException, match="best.ckpt are missing"):
        open_run(run)
    with pytest.raises(MisconfigurationException, match="not a run folder of train.py"):
        open_run(run / "checkpoints")
    monkeypatch.setattr(sys, "argv", ["/usr/bin/practicum-predict"])
    with pytest.raises(MisconfigurationException, match="not a run folder of practicum-train"):
        open_run(run / "checkpoints")


def test_the_model_is_that_of_training(trained: Path) -> None:
    model = open_run(trained / "run").model()
    assert isinstance(model, ImageClassifier)
    assert model.classes == ["blue", "red"]
