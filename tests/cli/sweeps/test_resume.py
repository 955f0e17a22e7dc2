"""A sweep is continued: complete runs are left alone, the others run."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from practicum.cli.resume import ResumeError, apply_to_command_line, resume_arguments
from practicum.cli.sweeps.outcome import note_failure
from practicum.cli.sweeps.resume import how_to_go_on, keep_command, newest_sweep
from practicum.cli.sweeps.rows import collect_runs


def a_sweep(folder: Path, task: list[str], hydra: list[str] | None = None) -> Path:
    mine = ["hydra.mode=MULTIRUN", f"hydra.sweep.dir='{folder}'", *(hydra or [])]
    keep_command(folder, OmegaConf.create({"task": task, "hydra": mine}))
    return folder


def test_only_what_failed_runs_again(
    swept: tuple[Path, Any],
    tmp_path: Path,
    in_process: Callable[..., Any],
    quick: list[str],
    small_table: Callable[..., Path],
    rows_of: Callable[[Path], list[dict[str, str]]],
) -> None:
    where = small_table(tmp_path)
    result = in_process("train.py", "-m", *quick, "data.root=t.csv,late.csv", "hydra.sweep.dir=sweep", cwd=where)
    assert result.returncode == 1
    assert "run 1 failed: late.csv: no such file or folder." in result.stdout
    before = (where / "sweep/0/metrics.json").stat().st_mtime_ns
    shutil.copy(where / "t.csv", where / "late.csv")
    result = in_process("train.py", "resume=sweep", cwd=where)
    assert result.returncode == 0, result.stderr[-2000:]
    assert "Run 0 is complete: finished." in result.stderr
    rows = rows_of(where / "sweep/sweep.csv")
    assert [row["status"] for row in rows] == ["finished", "finished"]
    assert rows[0]["val/rmse/kept"] == rows[1]["val/rmse/kept"]
    assert (where / "sweep/0/metrics.json").stat().st_mtime_ns == before


def test_its_own_command_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    a_sweep(Path("runs/sweeps/a"), ["seed=1,2", "launcher=ray"], ["hydra.sweeper.n_trials=5"])
    assert resume_arguments(["resume=runs/sweeps/a", "hydra.sweeper.n_trials=9"]) == [
        "-m",
        "seed=1,2",
        "launcher=ray",
        "hydra.sweeper.n_trials=9",
        "resume.sweep=true",
        "hydra.sweep.dir='runs/sweeps/a'",
    ]
    a_sweep(Path("runs/sweeps/aa"), ["seed=5,6", "launcher=submitit_slurm"], ["hydra.launcher.partition=gpu"])
    for again in ([], ["launcher=submitit_slurm"]):
        assert "hydra.launcher.partition=gpu" in resume_arguments(["resume=runs/sweeps/aa", *again])
    assert resume_arguments(["resume=runs/sweeps/aa", "launcher=ray", "hydra.launcher.x=1"])[1:4] == [
        "seed=5,6",
        "launcher=ray",
        "hydra.launcher.x=1",
    ]
    a_sweep(Path("runs/sweeps/b"), ["seed=3,4"])
    assert resume_arguments(["-m", "resume=last"])[1] == "seed=3,4"
    with pytest.raises(ResumeError, match="a sweep continues with its own settings; leave out epochs=3"):
        resume_arguments(["resume=runs/sweeps/a", "epochs=3"])
    plan = {"hydra": {"sweeper": {"_target_": "basic", "max_batch_size": None}}}
    OmegaConf.save(OmegaConf.create(plan), tmp_path / "runs/sweeps/b/multirun.yaml")
    with pytest.raises(ResumeError, match="leave out hydra.sweeper.n_trials: this sweep's sweeper has no such option; it is no"):
        resume_arguments(["resume=runs/sweeps/b", "hydra.sweeper.n_trials=9"])
    assert "hydra.sweeper.max_batch_size=2" in resume_arguments(["resume=runs/sweeps/b", "hydra.sweeper.max_batch_size=2"])
    (tmp_path / "runs/sweeps/a/.hydra/sweep.yaml").write_text("- [", encoding="utf-8")
    with pytest.raises(ResumeError, match=r"sweep\.yaml is damaged"):
        resume_arguments(["resume=runs/sweeps/a"])


def test_a_strangers_sweep_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = a_sweep(tmp_path / "s", ["seed=1,2"])
    monkeypatch.setattr(sys, "argv", ["train.py", "resume=s"])
    apply_to_command_line()
    assert sys.argv[1:3] == ["-m", "seed=1,2"]
    OmegaConf.save(OmegaConf.create({"task": ["seed=1,2", "+x=y"], "hydra": []}), folder / ".hydra/sweep.yaml")
    monkeypatch.setattr(sys, "argv", ["train.py", "resume=s"])
    with pytest.raises(ResumeError, match="you did not start this sweep here"):
        apply_to_command_line()
    monkeypatch.setattr(sys, "argv", ["train.py", "resume=s", "trust=true"])
    apply_to_command_line()
    assert "+x=y" in sys.argv
    assert "trust=true" not in sys.argv


def test_a_continued_sweep_keeps_the_command_of_its_first_start(tmp_path: Path) -> None:
    a_sweep(tmp_path, ["seed=1,2"])
    a_sweep(tmp_path, ["seed=1,2", "resume.sweep=true"])
    assert OmegaConf.load(tmp_path / ".hydra/sweep.yaml").task == ["seed=1,2"]


@pytest.mark.parametrize("choice", ["sweep=optuna", "launcher=ray"])
def test_a_choice_of_sweep_means_several_runs(choice: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", choice])
    apply_to_command_line()
    assert sys.argv[1:] == ["-m", choice]
    for typed in ([choice, "--cfg", "job"], ["seed=1"], ["sweep=null"]):
        monkeypatch.setattr(sys, "argv", ["train.py", *typed])
        apply_to_command_line()
        assert sys.argv[1:] == typed


def test_without_sweeps_there_is_no_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert newest_sweep() is None
    with pytest.raises(ResumeError, match="there is no sweep under runs/sweeps"):
        resume_arguments(["-m", "resume=last"])


def test_how_to_go_on(tmp_path: Path, a_run: Callable[..., Path]) -> None:
    a_run(tmp_path, 0, ["seed=1"], {"status": "finished"})
    assert how_to_go_on(tmp_path, collect_runs(tmp_path), "T") is None
    assert str(how_to_go_on(tmp_path, collect_runs(tmp_path), "T", broken_off=True)).startswith(
        "Run the rest of the sweep with: T "
    )
    note_failure(a_run(tmp_path, 1, ["seed=2"]), "why")
    said = str(how_to_go_on(tmp_path, collect_runs(tmp_path), "T"))
    assert "1 of 2 did not finish; when the cause is mended, run them again with: T " in said
    search = {"_target_": "hydra_plugins.practicum.OptunaSweeper", "n_trials": 2}
    OmegaConf.save(OmegaConf.create({"hydra": {"sweeper": search}}), tmp_path / "multirun.yaml")
    assert str(how_to_go_on(tmp_path, collect_runs(tmp_path), "T")).endswith(f"{tmp_path.name}/1")
    OmegaConf.save(OmegaConf.create({"hydra": {"sweeper": {**search, "n_trials": 3}}}), tmp_path / "multirun.yaml")
    assert "Continue the search with: T " in str(how_to_go_on(tmp_path, collect_runs(tmp_path), "T"))
