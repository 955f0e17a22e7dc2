"""The command that uses the best run of a sweep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from omegaconf import OmegaConf
from practicum.cli.sweeps.rows import collect_runs
from practicum.cli.sweeps.use import how_to_use


def test_the_command_is_that_of_the_runs_data(tmp_path: Path, a_run: Callable[..., Path]) -> None:
    run = a_run(tmp_path, 0, ["seed=1"], {"status": "finished"})
    (row,) = collect_runs(tmp_path)
    assert str(how_to_use(tmp_path, row)).endswith(f"{tmp_path.name}/0 input=INPUT output=predictions.csv")
    hints = {"predict": ["top_k=10", 3]}
    OmegaConf.save(OmegaConf.create({"data": {}, "hints": hints}), run / ".hydra" / "config.yaml")
    assert str(how_to_use(tmp_path, row)).endswith("/0 top_k=10 3 output=predictions.csv")


def test_nothing_is_said_of_no_run_and_of_one_that_predicts_nothing(tmp_path: Path, a_run: Callable[..., Path]) -> None:
    run = a_run(tmp_path, 0, ["seed=1"], {"status": "finished"})
    (row,) = collect_runs(tmp_path)
    OmegaConf.save(OmegaConf.create({"data": {}, "hints": {"classifier": ["model.encoder={run}"]}}), run / ".hydra/config.yaml")
    assert how_to_use(tmp_path, row) is None
    assert how_to_use(tmp_path, None) is None
