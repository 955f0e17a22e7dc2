"""A sweep ends with one table of all its runs, however they ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from practicum.cli.sweeps import table
from practicum.cli.sweeps.table import end_sweep, write_table


def test_sweep_ends_with_one_table(
    trained: Path, command: Callable[..., Any], rows_of: Callable[[Path], list[dict[str, str]]], small: list[str]
) -> None:
    options = [*small, "data.root=photos", "trainer.limit_train_batches=1", "trainer.max_epochs=1", "callbacks=none"]
    options += ["schedule=none"]  # a single step
    result = command(
        "train.py", "-m", *options, "model.head=linear,concat_pool", "seed=1,2", "hydra.sweep.dir=sweep", cwd=trained
    )
    assert result.returncode == 0, result.stderr[-3000:]
    rows = rows_of(trained / "sweep" / "sweep.csv")
    assert [(row["model.head"], row["seed"]) for row in rows] == [
        ("linear", "1"),
        ("linear", "2"),
        ("concat_pool", "1"),
        ("concat_pool", "2"),
    ]
    assert "seed" in result.stdout
    assert "val/accuracy/kept" in result.stdout
    assert all(row["status"] == "finished" and 0 <= float(row["val/accuracy/kept"]) <= 1 for row in rows)
    assert all((trained / "sweep" / row["run"] / "checkpoints" / "best.ckpt").is_file() for row in rows)
    assert "best: run" in result.stdout
    assert "use it: python " in result.stdout
    assert " input=PHOTOS output=predictions.csv" in result.stdout
    assert "did not finish" not in result.stdout


def test_a_run_that_fails_is_listed_and_the_others_go_on(
    swept: tuple[Path, Any], rows_of: Callable[[Path], list[dict[str, str]]]
) -> None:
    where, result = swept
    assert result.returncode == 1
    assert [row["status"] for row in rows_of(where / "sweep/sweep.csv")] == ["finished", "failed", "finished"]
    assert "run 1 failed: Training diverged: train/loss is" in result.stdout
    assert "1 of 3 did not finish; when the cause is mended, run them again with: " in result.stdout
    assert "resume=sweep" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    assert all((where / "sweep" / run / "report.html").is_file() for run in "02")


def test_what_is_said_once_is_said_by_each_run(swept: tuple[Path, Any]) -> None:
    where, _ = swept
    logs = [(where / "sweep" / run / "train.log").read_text(encoding="utf-8") for run in "012"]
    assert [each.count("rows repeat another in every column") for each in logs] == [1, 1, 1]


def test_a_sweep_that_was_refused_leaves_no_folder(
    tmp_path: Path, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    message = refused(in_process("train.py", "-m", "model=resnet18,resnet19", cwd=tmp_path))
    assert "model=resnet19: there is no such choice" in message
    assert not list((tmp_path / "runs").rglob("*.yaml"))
    assert "several values are a sweep, with -m" in refused(in_process("train.py", "seed=1,2", cwd=tmp_path))


def test_what_is_left_is_told_where_a_sweep_was_broken_off(
    tmp_path: Path, a_run: Callable[..., Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run(tmp_path, 0, ["seed=1"], {"status": "finished", "test/rmse": 0.5, "seconds": 3.0})
    monkeypatch.setattr(table, "_under_way", [tmp_path])
    assert not end_sweep(broken_off=True)
    assert "Run the rest of the sweep with: " in capsys.readouterr().out
    assert not end_sweep()  # it has ended
    assert not capsys.readouterr().out


def test_nothing_is_written_before_a_run_has_begun(tmp_path: Path) -> None:
    assert write_table(tmp_path, page=True) == []
    assert not list(tmp_path.iterdir())


def test_objective_is_checked(rated: Path, in_process: Callable[..., Any], refused: Callable[[Any], str]) -> None:
    quick = ["experiment=tastes", "epochs=1", "callbacks=none"]
    message = refused(in_process("train.py", *quick, "objective=test/rmse", "hydra.run.dir=untested", cwd=rated))
    assert "objective=test/rmse: no test has rows of its own here" in message
    assert not list((rated / "untested").rglob("*.ckpt"))  # refused before it was trained
    message = refused(in_process("train.py", *quick, "objective=val/rms", "hydra.run.dir=odd", cwd=rated))
    assert "objective=val/rms: the run has no such metric; it has" in message
