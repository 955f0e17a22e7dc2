"""The tables of benchmarks/defaults.py, which runs it keeps, and the splits that it makes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from defaults_parts import runs
from defaults_parts.data_sets import development_sets
from defaults_parts.report import error_ratio, geometric_mean, kind_table, median, shown


def test_means_and_ratios() -> None:
    assert geometric_mean([0.5, 2.0, 8.0]) == pytest.approx(2.0)
    assert shown(geometric_mean([])) == ""
    assert geometric_mean([0.0, 2.0]) == 0.0
    assert median([3.0, None, 1.0]) == 2.0
    assert median([None]) is None
    assert error_ratio("loss", 0.3, 0.6) == 0.5
    assert error_ratio("accuracy", 0.9, 0.8) == pytest.approx(0.5)  # of the wrong ones
    assert error_ratio("accuracy", 1.0, 1.0) == 1.0
    assert error_ratio("accuracy", 0.9, 1.0) == float("inf")
    assert [shown(each) for each in (47_143.897, 0.44188, 1.25, None)] == ["47,144", ".4419", "1.25", ""]


def of(error: float, **more: Any) -> dict[str, Any]:
    run = {
        "metrics": {"rmse": error, "mae": 1.0},
        "baselines": {"linear": {"rmse": 3.0}},
        "seconds": 10.0,
        "epochs": 7,
        "measured_on": "test",
    }
    return {**run, "last": 1.2, "best": 1.0, **more}


def row_of(text: str, name: str) -> list[str]:
    return next([cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith(f"| {name} "))


def test_a_table_has_each_seed_ratios_and_what_is_missing() -> None:
    trees = [{"method": "LightGBM", "rmse": 2.0, "mae": 9.0, "seconds": 1.0}] * 2
    lacking = [{"method": "TabM-D", "missing": "No module named 'pytabkit'"}] * 2
    set_of = {"kind": "tables", "metrics": ("rmse", "mae")}  # the second one has no part in the mean
    sets: list[dict[str, Any]] = [
        {**set_of, "name": "a", "ours": [of(1.0), of(3.0)], "peers": {"LightGBM": trees, "TabM-D": lacking}},
        {**set_of, "name": "b", "ours": [of(8.0), {"error": "out of memory"}], "peers": {"LightGBM": trees}},
    ]
    text = kind_table(sets)
    head, first, second, last = (row_of(text, name) for name in ("set", "a", "b", "geometric mean"))
    assert dict(zip(head, first, strict=True)) == {
        "set": "a",
        "metric": "rmse",
        "each seed": "1, 3",
        "median": "2",
        "spread": "2",
        "LightGBM (ours by it)": "2 (1.000)",
        "baselines": "linear 3",
        "epochs": "7, 7",
        "seconds": "10, LightGBM 1",
        "measured on": "test",
    }
    assert second[head.index("LightGBM (ours by it)")] == "2 (4.000)"
    assert last[head.index("LightGBM (ours by it)")] == "2.000 of 2"
    assert "- b: a run failed: out of memory" in text
    assert "- a: TabM-D was not measured: No module named 'pytabkit'" in text


def test_photos_show_the_last_epoch_by_the_best() -> None:
    text = kind_table([{"name": "a", "kind": "photos", "metrics": ("rmse",), "ours": [of(1.0)], "peers": {}}])
    assert row_of(text, "a")[row_of(text, "set").index("last epoch's log-loss by the best's")] == "1.20"
    assert "- a: no peer was run" in text


def test_a_complete_run_of_the_same_command_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = runs.place_of(tmp_path, "a set", "practicum-1")
    runs.keep(path, {"command": ["x=1", "seed=1", "threads=all", "epochs=3"], "metrics": {"loss": 0.5}})
    failing = subprocess.CompletedProcess([], 1, "it was run again", "")
    monkeypatch.setattr(runs.subprocess, "run", lambda *_, **__: failing)
    assert runs.ours(tmp_path, "a set", ("x=1",), 1, None, ("epochs=3",))["metrics"] == {"loss": 0.5}
    kept = path.read_text(encoding="utf-8")
    for threads, built_on in ((2, ("epochs=3",)), (None, ("epochs=4",))):
        assert runs.ours(tmp_path, "a set", ("x=1",), 1, threads, built_on)["error"] == "it was run again"
        path.write_text(kept, encoding="utf-8")
    assert runs.kept(path, ["x=2", "seed=1"]) is None
    runs.keep(path, {"command": ["x=1", "seed=1"], "error": "interrupted"})
    assert runs.kept(path, ["x=1", "seed=1"]) is None
    assert runs.kept(tmp_path / "nothing.json", []) is None


def test_a_peer_that_stops_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "peer.py"
    script.write_text(
        """print('{"method": "one", "loss": 0.5, "seconds": 1}')\nraise SystemExit("no memory")\n""", encoding="utf-8"
    )
    monkeypatch.setattr(runs, "HERE", tmp_path)
    (tmp_path / "peers").mkdir()
    script.rename(tmp_path / "peers" / "peer.py")
    found = [runs.peer(tmp_path, "a", ("peer.py",), "one", 1, sys.executable, 1) for _ in range(2)]
    assert [each["missing"] for each in found] == ["no memory"] * 2
    (tmp_path / "peers" / "peer.py").write_text("""print('{"method": "one", "loss": 0.5, "seconds": 1}')""", encoding="utf-8")
    assert runs.peer(tmp_path, "a", ("peer.py",), "one", 1, sys.executable, 1)["loss"] == 0.5
    (tmp_path / "peers" / "peer.py").write_text("raise SystemExit('it was run again')", encoding="utf-8")
    assert runs.peer(tmp_path, "a", ("peer.py",), "one", 1, sys.executable, 1)["loss"] == 0.5


def test_a_peer_that_takes_too_long_is_ended_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "HERE", tmp_path)
    (tmp_path / "peers").mkdir()
    (tmp_path / "peers" / "peer.py").write_text("import time\ntime.sleep(60)", encoding="utf-8")
    found = runs.peer(tmp_path, "a", ("peer.py",), "one", 1, sys.executable, 1, 0.2)
    assert found["missing"] == "it did not end within 0.2 seconds by 1 thread"


def test_texts_and_ratings_are_split_alike_every_time(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in ("ml-100k", "tables"):
        (data / folder).mkdir(parents=True)
    (data / "ml-100k" / "u1.base").write_text("".join(f"{n % 7}\t{n}\t{1 + n % 5}\t0\n" for n in range(100)), encoding="utf-8")
    (data / "ml-100k" / "u1.test").write_text("1\t1\t5\t0\n2\t2\t4\t0\n", encoding="utf-8")
    fact = {"target": "y", "kind": "class", "date": None}
    (data / "tables" / "facts.json").write_text(json.dumps({"one": fact}), encoding="utf-8")
    sets = {each.name: each for each in development_sets(data, tmp_path / "work", ["tables", "ratings"])}
    assert sets["one"].metrics == ("loss",)
    assert sets["one"].overrides[0] == "experiment=table"
    with open(tmp_path / "work" / "u1.csv", newline="", encoding="utf-8") as file:
        splits = [row["split"] for row in csv.DictReader(file)]
    assert Counter(splits) == {"train": 90, "valid": 10, "test": 2}
    (tmp_path / "work" / "u1.csv").rename(tmp_path / "before.csv")
    development_sets(data, tmp_path / "work", ["ratings"])
    assert (tmp_path / "work" / "u1.csv").read_text(encoding="utf-8") == (tmp_path / "before.csv").read_text(encoding="utf-8")
