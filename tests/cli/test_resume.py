"""Resuming a run: which command line it becomes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from practicum.cli.own_runs import sign
from practicum.cli.resume import ResumeError, apply_to_command_line, override_key, resume_arguments


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
        (["resume=runs/x", "-m", "seed=1,2"], "with -m a sweep is continued"),
        (["resume=last"], "there is no run under"),
    ],
)
def test_refusals(run: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(ResumeError, match=message):
        resume_arguments(arguments)


def test_the_program_is_called_as_it_was_typed(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for program, told in (("/usr/bin/practicum-train", "practicum-train"), ("train.py", "train.py")):
        monkeypatch.setattr(sys, "argv", [program])
        with pytest.raises(ResumeError, match=f"nowhere: not a run folder of {told} "):
            resume_arguments(["resume=nowhere"])


def test_last_is_the_newest_run_of_this_name(run: Path) -> None:
    for when in ("2026-01-02_10-00-00", "2026-01-03_09-00-00"):
        folder = run.parent / "image_folder_resnet18" / when / ".hydra"
        folder.mkdir(parents=True)
        for file in (run / ".hydra").iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
    arguments = resume_arguments(["resume=last", "model=resnet18", "data=image_folder", "data.root=x"])
    assert "resume.run='runs/image_folder_resnet18/2026-01-03_09-00-00'" in arguments
    # A name of one's own says nothing of when it began, and an option nothing of what a run is called.
    (run.parent / "image_folder_resnet18" / "2026-01-02_10-00-00").rename(run.parent / "image_folder_resnet18" / "zero")
    for more in ([], ["trainer.max_epochs=80", "resume.force=true"]):
        arguments = resume_arguments(["resume=last", *more])
        assert "resume.run='runs/image_folder_resnet18/2026-01-03_09-00-00'" in arguments
    # Where nothing is typed that could tell a name, it is the newest of all; a run of a sweep is none.
    (run.parent / "sweeps").mkdir()
    run.with_name("image_folder_resnet18").rename(run.with_name("another"))
    shutil.copytree(run, run.parent / "sweeps" / "2027-01-01_00-00-00")
    assert "resume.run='runs/another/2026-01-03_09-00-00'" in resume_arguments(["resume=last"])


@pytest.mark.parametrize("content", ["- [", "a: 1", "", "- {a: 1}", "- 3", "text"])
def test_broken_overrides_are_a_sentence(run: Path, content: str) -> None:
    (run / ".hydra" / "overrides.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(ResumeError, match="overrides in .* are damaged"):
        resume_arguments(["resume=runs/x"])
    (run / ".hydra" / "overrides.yaml").unlink()
    with pytest.raises(ResumeError, match="overrides.yaml is missing"):
        resume_arguments(["resume=runs/x"])


def test_a_run_that_is_not_signed_needs_trust(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for typed, accepted in ((["resume=runs/x"], False), (["resume=runs/x", "trust=true"], True), (["resume=null"], True)):
        monkeypatch.setattr(sys, "argv", ["train.py", *typed])
        if accepted:
            apply_to_command_line()
        else:
            with pytest.raises(ResumeError, match="you did not start this run here.*trust=true"):
                apply_to_command_line()
    sign(run, ["model=vgg16", "optimizer.lr=0.1", "+trainer.benchmark=true", "hydra.searchpath=[pkg://mine]"])
    monkeypatch.setattr(sys, "argv", ["train.py", "resume=runs/x"])
    apply_to_command_line()
    assert "resume.run='runs/x'" in sys.argv


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        (["a=1", "-m", "b=1,2"], ["-m", "a=1", "b=1,2"]),
        (["a=1", "--multirun"], ["--multirun", "a=1"]),
        (["a=1", "--", "-m"], ["a=1", "--", "-m"]),
        (["launcher=ray", "b=1,2"], ["-m", "launcher=ray", "b=1,2"]),
        (["a=1", "--cfg", "job"], ["a=1", "--cfg", "job"]),
    ],
)
def test_the_flag_of_sweeps_may_stand_anywhere(typed: list[str], taken: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", *typed])
    apply_to_command_line()
    assert sys.argv[1:] == taken


def test_a_folder_can_not_say_that_it_is_trusted(run: Path) -> None:
    OmegaConf.save(OmegaConf.create(["model=vgg16", "trust=true", "resume.force=true"]), run / ".hydra" / "overrides.yaml")
    assert resume_arguments(["resume=runs/x"])[0:2] == ["model=vgg16", "hydra.searchpath=[pkg://mine]"]


@pytest.mark.parametrize("override", ["data=spiders", "+data=spiders", "~data", "data@package=spiders", "++data=a=b"])
def test_key_of_an_override(override: str) -> None:
    assert override_key(override) == "data"
