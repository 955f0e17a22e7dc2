"""A trial reports to its study from the process that trains it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from practicum.cli.sweeps.pruning import trial_pruning
from practicum.cli.sweeps.study import open_storage


def test_bad_trials_are_pruned(
    tmp_path: Path,
    in_process: Callable[..., Any],
    quick: list[str],
    small_table: Callable[..., Path],
    rows_of: Callable[[Path], list[dict[str, str]]],
) -> None:
    where = small_table(tmp_path)
    typed = ["sweep=optuna", "objective=val/rmse/kept", "optimizer.lr=range(0.01,0.04,0.01)", "hydra.sweeper.n_trials=2"]
    pruner = [
        "sweep/pruner=none",
        "+hydra.sweeper.pruner={_target_: optuna.pruners.ThresholdPruner, upper: 0.001, n_warmup_steps: 1}",
    ]
    result = in_process("train.py", *quick, *typed, *pruner, "epochs=4", "hydra.sweep.dir=sweep", cwd=where)
    assert result.returncode == 0, result.stderr[-2000:]  # a pruned trial has not failed
    study = optuna.load_study(study_name="sweep", storage=open_storage(where / "sweep", None))
    assert [each.state.name for each in study.trials] == ["PRUNED", "PRUNED"]
    assert [list(each.intermediate_values) for each in study.trials] == [[0, 1], [0, 1]]
    rows = rows_of(where / "sweep/sweep.csv")
    assert [(row["status"], row["epochs"]) for row in rows] == [("pruned", "2"), ("pruned", "2")]
    assert "Pruned after epoch 2" in result.stdout


@pytest.mark.parametrize("objective", [None, "val/loss"])
def test_other_runs_are_not_pruned(objective: str | None) -> None:
    assert trial_pruning(objective) is None
