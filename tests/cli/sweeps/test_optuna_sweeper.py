"""A search by Optuna: what it asks for, how it ends, and that it goes on where it was broken off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from omegaconf import OmegaConf
from practicum.cli.sweeps.optuna_sweeper import Search, _tell
from practicum.cli.sweeps.outcome import FailedRun, failure_of
from practicum.cli.sweeps.study import open_storage
from practicum.lightning_shim import MisconfigurationException

SEARCH = ["sweep=optuna", "optimizer.lr=0.005,0.01,0.02,1e30", "objective=val/rmse/kept", "hydra.sweep.dir=sweep"]


def test_a_search_goes_on_where_it_was_broken_off(
    tmp_path: Path,
    in_process: Callable[..., Any],
    quick: list[str],
    small_table: Callable[..., Path],
    rows_of: Callable[[Path], list[dict[str, str]]],
) -> None:
    where = small_table(tmp_path)
    result = in_process("train.py", *quick, *SEARCH, "hydra.sweeper.n_trials=2", "sweep/sampler=random", cwd=where)
    assert result.returncode in (0, 1), result.stderr[-2000:]
    study = optuna.load_study(study_name="sweep", storage=open_storage(where / "sweep", None))
    drawn = [each.params for each in study.trials]
    killed = study.ask(fixed_distributions=study.trials[0].distributions)  # as a process that was killed leaves it
    killed.set_user_attr("folder", str(where / "sweep"))
    study.ask()  # another one, whose values were not yet drawn
    (where / "sweep").rename(where / "moved")
    result = in_process("train.py", "resume=moved", "hydra.sweeper.n_trials=6", cwd=where)
    assert result.returncode in (0, 1), result.stderr[-2000:]
    study = optuna.load_study(study_name="sweep", storage=open_storage(where / "moved", None))
    assert [each.params for each in study.trials[:3]] == [*drawn, killed.params]
    assert len(study.trials) == 6
    assert all(each.state.is_finished() for each in study.trials)
    rows = {row["run"]: row for row in rows_of(where / "moved/sweep.csv")}
    assert set(rows) == {"0", "1", "2", "4", "5"}  # the third never had settings
    for trial in study.trials:
        row = rows.get(str(trial.number))
        if trial.state is optuna.trial.TrialState.COMPLETE:
            assert row is not None
            assert float(row["val/rmse/kept"]) == pytest.approx(trial.value)
        elif row is not None:
            assert row["status"] in ("failed", "pruned")
    assert OmegaConf.load(where / "moved/optimization_results.yaml").best_value == pytest.approx(study.best_value)


def test_a_search_keeps_its_direction(
    tmp_path: Path,
    in_process: Callable[..., Any],
    quick: list[str],
    small_table: Callable[..., Path],
    refused: Callable[[Any], str],
) -> None:
    where = small_table(tmp_path)
    search = ["sweep=optuna", "optimizer.lr=0.005,0.01", "objective=val/rmse/best", "hydra.sweep.dir=sweep"]
    result = in_process("train.py", *quick, *search, "hydra.sweeper.n_trials=1", "epochs=2", cwd=where)
    assert result.returncode == 0, result.stderr[-2000:]
    study = optuna.load_study(study_name="sweep", storage=open_storage(where / "sweep", None))
    assert study.direction.name == "MINIMIZE"
    assert len(study.trials[0].intermediate_values) == 2  # the pruner was told of each epoch
    plan = (where / "sweep/multirun.yaml").read_text(encoding="utf-8")
    more = ["resume=sweep", "hydra.sweeper.n_trials=2", "hydra.sweeper.direction=maximize"]
    said = "the study sweep minimizes val/rmse/best, so its trials are of no use to a search that maximizes val/rmse/best"
    assert said in refused(in_process("train.py", *more, cwd=where))
    search[2] = "objective=val/loss/best"
    said = "the study sweep minimizes val/rmse/best, so its trials are of no use to a search that minimizes val/loss/best"
    assert said in refused(in_process("train.py", *quick, *search, "hydra.sweeper.n_trials=2", cwd=where))
    assert len(study.get_trials()) == 1
    assert (where / "sweep/multirun.yaml").read_text(encoding="utf-8") == plan


def test_samplers_avoid_what_failed(tmp_path: Path) -> None:
    (tmp_path / "0").mkdir()
    study = optuna.create_study()
    for number, reached in enumerate([FailedRun("diverged"), FailedRun("not started"), 0.5]):
        study.ask({"lr": optuna.distributions.CategoricalDistribution([0.1, 1e30])})
        _tell(study, number, reached, tmp_path)
    # A pruned trial without a value is the worst to a sampler; a failed one is none.
    assert [each.state.name for each in study.trials] == ["PRUNED", "FAIL", "COMPLETE"]
    assert failure_of(tmp_path / "0") == "diverged"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (["optimizer.lr=0.1,0.2"], "say which metric is searched by, as in objective=val/loss"),
        (["objective=val/loss"], "nothing is searched"),
        (["objective=val/loss", "model=nothing,resnet18"], "model=nothing: there is no such choice"),
        (["objective=val/loss", "seed=1,2", "hydra.sweeper.n_trials=0"], "n_trials=0 must be a whole number"),
    ],
)
def test_refused_before_the_first_trial(
    tmp_path: Path, in_process: Callable[..., Any], refused: Callable[[Any], str], typed: list[str], message: str
) -> None:
    result = in_process("train.py", "sweep=optuna", *typed, cwd=tmp_path)
    assert message in refused(result)
    assert not list(tmp_path.rglob("optuna.db"))


def test_a_search_stops_where_too_much_fails(
    tmp_path: Path, in_process: Callable[..., Any], quick: list[str], refused: Callable[[Any], str]
) -> None:
    typed = ["sweep=optuna", "objective=val/loss", "seed=1,2,3", "hydra.sweeper.n_trials=5", "hydra.sweeper.max_failure_rate=0.2"]
    result = in_process("train.py", *quick, *typed, "hydra.sweep.dir=sweep", cwd=tmp_path)  # there is no t.csv
    assert "The search stops: 2 trials of 5 failed" in refused(result)
    assert "runs 0, 1 failed: t.csv" in result.stdout


@pytest.mark.parametrize(("option", "value"), [("n_jobs", 1.5), ("direction", "up"), ("max_failure_rate", 2), ("n_trials", True)])
def test_options_are_checked(option: str, value: Any) -> None:
    options = {"n_trials": 1, "n_jobs": 1, "direction": None, "max_failure_rate": 0.5, "storage": None, "study_name": None}
    with pytest.raises(MisconfigurationException, match=f"hydra.sweeper.{option}={value}"):
        Search(**{**options, "sampler": None, "pruner": None, option: value})  # type: ignore[arg-type]
