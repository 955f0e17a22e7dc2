"""Several passes as one result."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.all_parts.passes import joined


def one(revision: str, better: str = "more", **sides: list[Any]) -> dict[str, Any]:
    measured = {"metrics": {"rate": {"better": better, "sides": sides}}, "settings": {"fastai": "its own"}, "pages": []}
    machine = {"processor": revision}
    return {"revision": revision, "seconds": 4.0, "processor seconds": 3.0, "machine": machine, "measured": measured}


def test_values_are_put_in_the_order_of_time_by_side() -> None:
    passes = [
        one("a", practicum=[1.0], fastai=[{"missed": "no"}]),
        one("b", practicum=[2.0], fastai=[3.0]),
        one("a", torch=[4.0]),
    ]
    found = joined(passes)
    assert found["measured"]["metrics"] == {
        "rate": {"better": "more", "sides": {"practicum": [1.0, 2.0], "fastai": [{"missed": "no"}, 3.0], "torch": [4.0]}}
    }
    assert found["measured"]["settings"] == {"fastai": "its own"}
    assert (found["passes"], found["seconds"], found["processor seconds"], found["failed"]) == (3, 12.0, 9.0, [])
    assert (found["revisions"], found["shares"]) == (["a", "b", "a"], [0.75] * 3)
    assert [each["processor"] for each in found["machines"]] == ["a", "b", "a"]
    assert passes[0]["measured"]["metrics"]["rate"]["sides"]["practicum"] == [1.0]  # the files' own are as they were


def test_one_that_failed_is_named_and_costs_the_others_nothing() -> None:
    broken = {"command": ["a"], "revision": "a", "seconds": 1.0, "error": "no memory"}
    found = joined([broken, one("b", practicum=[1.0]), broken, one("c", practicum=[2.0])])
    assert found["failed"] == ["pass 1: no memory", "pass 3: no memory"]
    assert (found["passes"], found["revisions"]) == (2, ["b", "c"])
    assert found["measured"]["metrics"]["rate"]["sides"] == {"practicum": [1.0, 2.0]}
    assert joined([broken, broken]) == {**broken, "passes": 0}
