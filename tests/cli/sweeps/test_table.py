"""A sweep ends with one table of all its runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from practicum.cli.sweep_table import collect_runs


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


def a_run(folder: Path, number: int, overrides: list[str], record: dict[str, Any] | None) -> None:
    (folder / str(number) / ".hydra").mkdir(parents=True)
    OmegaConf.save(OmegaConf.create(overrides), folder / str(number) / ".hydra" / "overrides.yaml")
    if record is not None:
        (folder / str(number) / "metrics.json").write_text(json.dumps(record))


def test_rows_are_in_the_order_of_runs_and_unfinished_ones_are_named(tmp_path: Path) -> None:
    for number in (10, 2):
        a_run(
            tmp_path, number, [f"seed={number}", "model.head=a=b"], {"status": "finished", "test/loss": number / 4, "list": [1]}
        )
    a_run(tmp_path, 3, ["seed=3"], None)
    assert collect_runs(tmp_path) == [
        {"run": "2", "seed": "2", "model.head": "a=b", "status": "finished", "test/loss": 0.5},
        {"run": "3", "seed": "3", "status": "unfinished"},
        {"run": "10", "seed": "10", "model.head": "a=b", "status": "finished", "test/loss": 2.5},
    ]
    assert collect_runs(tmp_path / "2") == []


def test_sweeper_gets_the_metric_it_minimizes(
    rated: Path, command: Callable[..., Any], refused: Callable[[Any], str], rows_of: Callable[[Path], list[dict[str, str]]]
) -> None:
    quick = ["experiment=tastes", "epochs=1", "callbacks=none", "hydra.sweep.dir=sweep", "hydra/sweeper=optuna"]
    search = ["hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=1", "model.factors=choice(4,8)", "objective=val/rmse/kept"]
    result = command("train.py", "-m", *quick, *search, cwd=rated)
    assert result.returncode == 0, result.stderr[-3000:]
    best = OmegaConf.load(rated / "sweep/optimization_results.yaml").best_value
    reached = [float(row["val/rmse/kept"]) for row in rows_of(rated / "sweep/sweep.csv")]
    assert best == pytest.approx(min(reached))
    message = refused(command("train.py", *quick[:3], "objective=test/rmse", "hydra.run.dir=untested", cwd=rated))
    assert "objective=test/rmse: no test has rows of its own here" in message
    assert not list((rated / "untested").rglob("*.ckpt"))  # refused before it was trained
    message = refused(command("train.py", *quick[:3], "objective=val/rms", "hydra.run.dir=odd", cwd=rated))
    assert "objective=val/rms: the run has no such metric; it has" in message
