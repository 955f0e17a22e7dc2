"""Going on with a run: which command line it becomes, and what may differ."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from practicum.cli.resume import ResumeError, differences, keep_configuration, prepare_resume, resume_arguments


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run folder ``runs/x`` under the working directory."""
    monkeypatch.chdir(tmp_path)
    hydra = tmp_path / "runs" / "x" / ".hydra"
    hydra.mkdir(parents=True)
    OmegaConf.save(OmegaConf.create(["model=vgg16", "optimizer.lr=0.1", "+trainer.benchmark=true"]), hydra / "overrides.yaml")
    overrides = {"hydra": {"overrides": {"hydra": ["hydra.run.dir=elsewhere", "hydra.searchpath=[pkg://mine]"]}}}
    OmegaConf.save(OmegaConf.create(overrides), hydra / "hydra.yaml")
    config = {"seed": 1, "optimizer": {"lr": 0.1}, "paths": {"run": "${hydra:runtime.output_dir}"}, "resume": {"run": None}}
    OmegaConf.save(OmegaConf.create(config), hydra / "config.yaml")
    return tmp_path / "runs" / "x"


def test_other_commands_stay_as_they_are() -> None:
    assert resume_arguments(["model=vgg16", "-m", "seed=1,2"]) == ["model=vgg16", "-m", "seed=1,2"]
    assert resume_arguments(["resume=null"]) == ["resume=null"]


def test_the_runs_own_overrides_come_back_and_typed_ones_win(run: Path) -> None:
    arguments = resume_arguments(["resume=runs/x", "optimizer.lr=0.2", "seed=3", "resume.force=true"])
    assert arguments == [
        "model=vgg16",
        "+trainer.benchmark=true",
        "hydra.searchpath=[pkg://mine]",
        "optimizer.lr=0.2",
        "seed=3",
        "resume.force=true",
        "resume.run='runs/x'",
        "hydra.run.dir='runs/x'",
        "hydra.output_subdir=null",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resume=nowhere"], "nowhere: not a run folder"),
        (["resume=runs/x", "-m", "seed=1,2"], "leave out -m"),
        (["resume=last"], "there is no run under"),
    ],
)
def test_refusals(run: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(ResumeError, match=message):
        resume_arguments(arguments)


def test_last_is_the_newest_run_of_this_name(run: Path) -> None:
    for when in ("2026-01-02_10-00-00", "2026-01-03_09-00-00"):
        folder = run.parent / "image_folder_resnet18" / when / ".hydra"
        folder.mkdir(parents=True)
        for file in (run / ".hydra").iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
    arguments = resume_arguments(["resume=last", "model=resnet18", "data=image_folder", "data.root=x"])
    assert "resume.run='runs/image_folder_resnet18/2026-01-03_09-00-00'" in arguments


def test_differences_name_keys_and_leave_harmless_ones_out() -> None:
    then = OmegaConf.create(
        {"a": {"b": 1, "c": [1, 2]}, "paths": {"data": "x"}, "gone": 2, "same": "${paths.data}", "none": None}
    )
    now = OmegaConf.create({"a": {"b": 2, "c": [1, 3]}, "paths": {"data": "y"}, "new": 3, "same": "${paths.data}", "none": None})
    assert differences(then, now) == ["a.b 1 -> 2", "a.c [1, 2] -> [1, 3]", "gone 2 -> (absent)", "new (absent) -> 3"]


def composed(run: Path, lr: float, force: bool = False):  # type: ignore[no-untyped-def]
    config = OmegaConf.load(run / ".hydra" / "config.yaml")
    config.optimizer.lr = lr
    config.resume = {"run": str(run), "force": force}
    return config


def test_another_configuration_is_refused_or_forced(run: Path) -> None:
    with pytest.raises(ResumeError, match=r"optimizer.lr 0.1 -> 0.2.*resume.force=true"):
        prepare_resume(composed(run, 0.2))
    assert prepare_resume(composed(run, 0.2, force=True)) is None  # no checkpoint yet
    keep_configuration(composed(run, 0.2), ["model=vgg16", "optimizer.lr=0.2", "resume.force=true"])
    assert OmegaConf.load(run / ".hydra" / "config.yaml").optimizer.lr == 0.2  # the folder tells what was done
    assert "optimizer.lr=0.2" in resume_arguments(["resume=runs/x"])
    assert "resume.force=true" not in resume_arguments(["resume=runs/x"])
    assert prepare_resume(composed(run, 0.2)) is None


def test_a_damaged_checkpoint_gives_way_to_the_one_before(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = run / "checkpoints"
    folder.mkdir()
    for name in ("last", "before_last"):
        torch.save({"x": torch.arange(1000)}, folder / f"{name}.ckpt")
    assert prepare_resume(composed(run, 0.1)) == folder / "last.ckpt"
    whole = (folder / "last.ckpt").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (whole[: len(whole) // 2], b"", bytes(flipped)):
        (folder / "last.ckpt").write_bytes(damaged)
        caplog.clear()
        with caplog.at_level(logging.WARNING, logger="practicum"):
            assert prepare_resume(composed(run, 0.1)) == folder / "before_last.ckpt"
        assert "last.ckpt is damaged" in caplog.text
        assert (folder / "damaged.ckpt").read_bytes() == damaged
    (folder / "before_last.ckpt").write_bytes(b"")
    assert prepare_resume(composed(run, 0.1)) is None
    assert "starting anew" in caplog.text
