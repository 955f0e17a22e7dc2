"""Ours and peers in turn, to a mark."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import time_to_quality
from benchmarks.measurements import OURS
from benchmarks.quality_parts.tasks import Peer, Task
from benchmarks.quality_parts.watching import Outcome, Validation

SCRIPT = """
import json, sys
data, seed, course = sys.argv[2], sys.argv[4], sys.argv[6]
assert sys.argv[3::2] == ["--seed", "--course"] and data == "given"
if sys.argv[1] == "broken":
    sys.exit("no memory")
with open(course, "a") as file:
    file.write(json.dumps({"seconds": 40.0 + int(seed), "processor": 20.0, "value": 0.97 if seed == "1" else 0.95}) + "\\n")
"""


def test_both_sides_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "peer.py"
    script.write_text(SCRIPT, encoding="utf-8")
    peers = (Peer("fastai", str(script), ("photos",), "as documented"), Peer("other", str(script), ("broken",), "defaults"))
    drawn: list[Path] = []
    task = Task(
        "accuracy .96", ("data.root={root}",), "val/accuracy", "more", 0.96, peers, lambda *_: Path("given"), drawn.append
    )
    typed = []

    def ours(task: Task, root: Path, seed: int, limit: float | None, more: list[str]) -> Outcome:
        typed.append((root, seed, limit, more))
        mark = Validation(10.0 * seed, 5.0, 0.97)
        return Outcome((mark,), mark, 11.0, False)

    monkeypatch.setattr(time_to_quality, "ours", ours)
    options = argparse.Namespace(peer_python=sys.executable, data=Path("photos"), seeds=2, first_seed=1, limit=60.0, more=[])
    found = time_to_quality.measure(task, options, tmp_path)
    assert drawn == [Path("photos")]
    assert typed == [(Path("photos"), 1, 60.0, []), (Path("photos"), 2, 60.0, [])]
    sides = found.metrics["seconds to accuracy .96"]["sides"]
    assert sides[OURS] == [10.0, 20.0]
    assert sides["fastai"][0] == 41.0
    assert found.metrics["processor seconds to accuracy .96"]["sides"]["fastai"][0] == 20.0
    assert sides["fastai"][1]["missed"].startswith(".95 at best in 1 epoch, ")
    assert sides["other"] == [{"missed": "it failed: no memory (exit code 1)"}] * 2
    assert found.settings == {OURS: "`train.py data.root=DATA`", "fastai": "as documented", "other": "defaults"}

    options.peer_python = None
    assert [*time_to_quality.measure(task, options, tmp_path).metrics["seconds to accuracy .96"]["sides"]] == [OURS]
