"""A run continues only with the inputs that its model knows."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.cli.resume import ResumeError
from practicum.cli.resumed_inputs import read_artifacts, require_same_inputs

KNOWN: dict[str, Any] = {
    "classes": ["cat", "dog"],
    "categories": {"shop": ["1", "2"], "day": ["Mon"]},
    "continuous": ["size"],
    "tokenizer": "0a1b",
    "dropout": 0.1,
    "target": {"mean": 1.0},
}


def refusal(tmp_path: Path, now: dict[str, Any]) -> str:
    torch.save({"hyper_parameters": KNOWN}, tmp_path / "last.ckpt")
    (tmp_path / "steps.json").write_text("of the run", encoding="utf-8")
    artifacts = read_artifacts(tmp_path)
    (tmp_path / "steps.json").write_text("of the data as they are now", encoding="utf-8")
    with pytest.raises(ResumeError) as error:
        require_same_inputs(tmp_path, tmp_path / "last.ckpt", {**KNOWN, **now}, artifacts)
    assert (tmp_path / "steps.json").read_text(encoding="utf-8") == "of the run"
    return str(error.value)


@pytest.mark.parametrize(
    ("now", "change"),
    [
        ({"classes": ["ant", "dog"]}, "their classes have ant for the first time and cat no longer"),
        ({"classes": ["dog", "cat"]}, "their classes have another order"),
        ({"categories": {"shop": ["1", "2", "3"], "day": ["Mon"]}}, "column 'shop' has 3 for the first time"),
        ({"categories": {"shop": ["1"], "day": ["Mon"]}}, "column 'shop' has 2 no longer"),
        ({"categories": {"shop": ["1", "2"]}}, "they have no column 'day'"),
        ({"categories": {**KNOWN["categories"], "land": ["DE"]}}, "they have a new column 'land'"),
        ({"categories": {"day": ["Mon"], "shop": ["1", "2"]}}, "their categorical columns have another order"),
        ({"continuous": ["size", "size_missing"]}, "their continuous columns have size_missing for the first time"),
        ({"tokenizer": "ffff"}, "their words are others"),
    ],
)
def test_other_inputs_are_refused_and_the_run_keeps_its_own(tmp_path: Path, now: dict[str, Any], change: str) -> None:
    said = refusal(tmp_path, now)
    assert change in said
    assert said.endswith("its model can't learn on with these. Restore the data, or begin a new run.")


def test_options_and_statistics_may_differ(tmp_path: Path) -> None:
    torch.save({"hyper_parameters": KNOWN}, tmp_path / "last.ckpt")
    now = {**KNOWN, "dropout": 0.5, "target": {"mean": 2.0}, "new": 1}
    require_same_inputs(tmp_path, tmp_path / "last.ckpt", now, {})
    require_same_inputs(tmp_path, tmp_path / "last.ckpt", {"classes": KNOWN["classes"]}, {})


def test_a_run_whose_table_changed_is_refused_on_the_command_line(tmp_path: Path) -> None:
    chance = random.Random(1)
    rows = [f"{chance.choice('pqr')},{chance.random():.3f},{chance.random():.3f}" for _ in range(60)]
    table, run = tmp_path / "t.csv", tmp_path / "run"
    table.write_text("\n".join(["kind,size,y", *rows]) + "\n", encoding="utf-8")
    train = [sys.executable, str(Path(__file__).resolve().parents[2] / "train.py")]
    begun = [*train, "experiment=table", f"data.root={table}", "data.target=y", "epochs=2", f"hydra.run.dir={run}"]
    begun += ["model.members=1", "baselines=false", "refit=false", f"paths.data={tmp_path / 'data'}"]
    assert subprocess.run(begun, capture_output=True, check=False).returncode == 0
    steps = (run / "steps.json").read_bytes()
    table.write_text(table.read_text(encoding="utf-8").replace("p,", "s,"), encoding="utf-8")
    (run / "metrics.json").unlink()  # as of one that was killed
    done = subprocess.run([*train, f"resume={run}"], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "column 'kind' has s for the first time and p no longer" in done.stdout + done.stderr
    assert (run / "steps.json").read_bytes() == steps
