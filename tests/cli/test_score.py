"""A run's score on labelled input is that of its own test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.callbacks.run.results import results


def test_a_score_on_the_tests_rows_is_the_tests(
    tables: Path, in_process: Callable[..., Any], refused: Callable[[Any], str]
) -> None:
    for run in ("number", "class"):
        where = tables / "runs" / run
        rows = pl.read_csv(where / "predictions.csv")
        rows.select("shop", "size", "day", "sold", "good").write_csv(tables / "labelled.csv")
        result = in_process("predict.py", f"run=runs/{run}", "input=labelled.csv", "output=scored.csv", "score=true", cwd=tables)
        assert result.returncode == 0, result.stderr[-2000:]
        score = json.loads((tables / "scored.score.json").read_text(encoding="utf-8"))
        own = results(json.loads((where / "metrics.json").read_text(encoding="utf-8")))
        assert own.keys() <= score.keys()
        assert {name: score[name] for name in own} == pytest.approx(own, rel=1e-4, abs=1e-6)
        assert (score["run"], score["input"], score["examples"]) == (f"runs/{run}", "labelled.csv", len(rows))
        assert pl.read_csv(tables / "scored.csv")["true"].to_list() == rows["true"].to_list()
        replaced = " (replaced)" if run == "class" else ""
        assert f"{len(rows)} predictions: scored.csv{replaced}\n" in result.stdout
        assert f"Score: scored.score.json{replaced}\n" in result.stdout
        assert f"{len(rows)} new examples  the run's test" in result.stdout
    rows.drop("good").write_csv(tables / "unlabelled.csv")
    result = in_process("predict.py", "run=runs/class", "input=unlabelled.csv", "score=true", cwd=tables)
    assert "unlabelled.csv: has no column 'good'" in refused(result)
    result = in_process("predict.py", "run=runs/class", "input=labelled.csv", "format=embedded", "score=true", cwd=tables)
    assert "format=embedded has none to measure" in refused(result)
