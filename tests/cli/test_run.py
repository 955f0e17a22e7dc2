"""A finished run at hand: what predict.py gives, from Python."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from practicum.cli import Run
from practicum.lightning_shim import MisconfigurationException

InProcess = Callable[..., subprocess.CompletedProcess[str]]


def test_photos_of_a_run_are_predicted_as_by_the_command(trained: Path, in_process: InProcess, monkeypatch: Any) -> None:
    monkeypatch.chdir(trained)
    run = Run.open("run")
    assert repr(run) == "Run.open('run')"
    assert run.metrics["status"] == "finished"
    assert run.figures["confusion"]._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"
    assert not run.model.training
    assert run.model.classes == ["blue", "red"]
    found = run.predict("photos/valid", batch_size=5)
    result = in_process("predict.py", "run=run", "input=photos/valid", "output=own.csv", cwd=trained)
    assert result.returncode == 0, result.stderr
    expected = pl.read_csv("own.csv")
    assert found.columns == expected.columns
    assert found["predicted"].to_list() == expected["predicted"].to_list()
    assert found["probability_red"].to_list() == pytest.approx(expected["probability_red"].to_list(), abs=1e-3)
    assert run.config.data.batch_size == 8  # that of the training, again
    assert "probability_red" not in run.predict("photos/valid", top_k=1).columns
    for sentence, mistake in {
        "top_k=0 must be a whole number from 1": lambda: run.predict("photos/valid", top_k=0),
        "recommend: run is not a recommender run": run.recommend,
        "nowhere: ": lambda: run.predict("nowhere"),
        "run=nowhere: not a run folder": lambda: Run.open("nowhere"),
    }.items():
        with pytest.raises(MisconfigurationException, match=sentence):
            mistake()


def test_rows_come_as_a_file_or_a_frame(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tables)
    run = Run.open("runs/class")
    rows = pl.read_csv("table.csv").head(20)
    rows.write_csv("twenty.csv")
    assert run.predict(rows)["predicted"].to_list() == run.predict("twenty.csv")["predicted"].to_list()


def test_pairs_lists_and_neighbours(rated: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(rated)
    run = Run.open("run")
    lists = run.recommend(2)
    assert len(lists) == 2 * lists["user"].n_unique()
    user, item = str(lists["user"][0]), str(lists["item"][0])
    (rating,) = run.predict(pl.DataFrame({run.model.user: [user], run.model.item: [item]}))["predicted"]
    assert rating == pytest.approx(lists[lists.columns[-1]][0], abs=0.02)
    assert item not in run.neighbours(item, 3)["item"].to_list()
