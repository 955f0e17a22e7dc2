"""Rows of a sweep: settings, how runs ended, the best one, and spread over seeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from practicum.cli.sweeps.outcome import note_failure
from practicum.cli.sweeps.rows import (
    best_run,
    broken_runs,
    chosen_by,
    collect_runs,
    lower_is_better,
    over_seeds,
    shortened,
    swept,
)


def test_rows_are_in_the_order_of_runs_and_unfinished_ones_are_named(tmp_path: Path, a_run: Callable[..., Path]) -> None:
    for number in (10, 2):
        a_run(
            tmp_path, number, [f"seed={number}", "model.head=a=b"], {"status": "finished", "test/loss": number / 4, "list": [1]}
        )
    a_run(tmp_path, 3, ["seed=3", "launcher=ray", "sweep/sampler=random", "resume.sweep=true", "objective=val/loss"])
    assert collect_runs(tmp_path) == [
        {"run": "2", "seed": "2", "model.head": "a=b", "status": "finished", "test/loss": 0.5},
        {"run": "3", "seed": "3", "status": "unfinished"},
        {"run": "10", "seed": "10", "model.head": "a=b", "status": "finished", "test/loss": 2.5},
    ]
    assert collect_runs(tmp_path / "2") == []


def test_failed_runs_have_their_sentence_and_equal_ones_are_told_together(tmp_path: Path, a_run: Callable[..., Path]) -> None:
    for number in range(2):
        note_failure(a_run(tmp_path, number, [f"seed={number}"], {"status": "failed: RuntimeError"}), "the disk is full")
    a_run(tmp_path, 2, ["seed=2"], {"status": "failed: ValueError", "val/accuracy/best": 0.65, "seconds": 1.5})
    a_run(tmp_path, 3, ["seed=3"], {"status": "interrupted"})
    a_run(tmp_path, 4, ["seed=4"], {"status": "pruned"})
    rows = collect_runs(tmp_path)
    assert [(row["status"], row.get("error")) for row in rows[:3]] == [
        ("failed", "the disk is full"),
        ("failed", "the disk is full"),
        ("failed", "ValueError"),
    ]
    assert "val/accuracy/best" not in rows[2]  # of a model that has become NaN
    assert rows[2]["seconds"] == 1.5
    assert broken_runs(rows) == ["runs 0, 1 failed: the disk is full", "run 2 failed: ValueError", "run 3 interrupted"]


def test_settings_are_those_that_were_typed(tmp_path: Path, a_run: Callable[..., Path]) -> None:
    for number in range(2):  # the second stopped early
        a_run(tmp_path, number, ["epochs=5", f"seed={number}"], {"status": "finished", "epochs": 5 - number})
    rows = collect_runs(tmp_path)
    assert swept(rows) == ["seed"]
    assert [row["epochs"] for row in rows] == [5, 4]


@pytest.mark.parametrize(
    ("objective", "direction", "expected"),
    [
        (None, None, ("2", "test/f1", False)),
        ("test/loss", None, ("1", "test/loss", True)),
        ("test/loss", "maximize", ("0", "test/loss", False)),
    ],
)
def test_the_best_run(
    tmp_path: Path, a_run: Callable[..., Path], objective: str | None, direction: str | None, expected: tuple[str, str, bool]
) -> None:
    for number, (loss, f1) in enumerate([(0.5, 0.7), (0.2, 0.8), (0.3, 0.9)]):
        a_run(tmp_path, number, [f"seed={number}"], {"status": "finished", "test/loss": loss, "test/f1": f1})
    a_run(tmp_path, 3, ["seed=3"], {"status": "interrupted", "test/loss": 0.0, "test/f1": 1.0})
    OmegaConf.save(
        OmegaConf.create({"objective": objective, "hydra": {"sweeper": {"direction": direction}}}), tmp_path / "multirun.yaml"
    )
    rows = collect_runs(tmp_path)
    metric, lower = chosen_by(tmp_path, rows)
    best = best_run(rows, metric, lower)
    assert best is not None
    assert (best["run"], metric, lower) == expected


def test_runs_are_compared_by_validation_where_it_is_known(tmp_path: Path, a_run: Callable[..., Path]) -> None:
    for number, (tested, validated) in enumerate([(0.9, 0.7), (0.8, 0.75)]):
        a_run(tmp_path, number, [f"lr={number}"], {"status": "finished", "test/f1": tested, "val/f1/best": validated})
    OmegaConf.save(OmegaConf.create({"objective": None}), tmp_path / "multirun.yaml")
    rows = collect_runs(tmp_path)
    assert chosen_by(tmp_path, rows) == ("val/f1/best", False)
    assert best_run(rows, "val/f1/best", False) is rows[1]


def test_runs_with_errors_are_compared_by_the_least(tmp_path: Path, a_run: Callable[..., Path]) -> None:
    for number, (tested, validated) in enumerate([(0.8, 0.7), (0.3, 0.2), (0.6, 0.5)]):
        record = {"status": "finished", "test/mae": tested, "test/loss": tested, "val/mae/best": validated}
        a_run(tmp_path, number, [f"lr={number}"], record)
    OmegaConf.save(OmegaConf.create({"objective": None}), tmp_path / "multirun.yaml")
    rows = collect_runs(tmp_path)
    assert chosen_by(tmp_path, rows) == ("val/mae/best", True)
    assert best_run(rows, "val/mae/best", True) is rows[1]


def test_errors_are_lower_when_better_also_of_the_kept_weights() -> None:
    assert lower_is_better("val/rmse/kept")
    assert lower_is_better("val/rmse/best")
    assert not lower_is_better("val/accuracy/kept")


def test_mean_and_spread_over_seeds(tmp_path: Path, a_run: Callable[..., Path]) -> None:
    values = iter([1.0, 3.0, 5.0, 0.0])
    for number, (lr, seed) in enumerate([(0.1, 1), (0.1, 2), (0.2, 1), (0.2, 2)]):
        record = {"status": "finished", "test/rmse": next(values)} if number < 3 else None
        a_run(tmp_path, number, [f"lr={lr}", f"seed={seed}"], record)
    lines = over_seeds(collect_runs(tmp_path), ["test/rmse"])
    assert lines == [
        {"lr": "0.1", "runs": 2, "test/rmse": (2.0, pytest.approx(2**0.5))},
        {"lr": "0.2", "runs": 1, "test/rmse": None},
    ]
    assert over_seeds(collect_runs(tmp_path)[::2], ["test/rmse"]) == []  # one seed each


def test_numbers_that_were_drawn_are_short() -> None:
    assert [shortened(each) for each in ("0.0046568046", "0.001", "resnext50_32x4d", 0.123456, 7)] == [
        "0.004657",
        "0.001",
        "resnext50_32x4d",
        "0.1235",
        "7",
    ]
