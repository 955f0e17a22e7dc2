"""Several passes as one result."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.all_parts.passes import joined


def one(revision: str, better: str = "more", **sides: list[Any]) -> dict[str, Any]:
    measured = {"metrics": {"rate": {"better": better, "sides": sides}}, "settings": {"fastai": "its own"}, "pages": []}
    return {"command": ["a"], "revision": revision, "seconds": 3.0, "processor seconds": 2.0, "measured": measured}


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
    assert (found["passes"], found["revision"], found["seconds"], found["processor seconds"]) == (3, "a, b", 9.0, 6.0)
    assert passes[0]["measured"]["metrics"]["rate"]["sides"]["practicum"] == [1.0]  # the files' own are as they were


def test_one_that_failed_is_all_that_is_said() -> None:
    broken = {"command": ["a"], "revision": "a", "seconds": 1.0, "error": "no memory"}
    assert joined([one("a"), broken]) == {**broken, "passes": 2}
