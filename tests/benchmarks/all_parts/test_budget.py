"""Which benchmarks fit into some hours."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.all_parts.budget import expected_minutes, fitting
from benchmarks.all_parts.catalogue import BENCHMARKS, Benchmark

ONE = Benchmark("one", "", ("one.py", "{seeds}"), 10)


def test_minutes_follow_from_what_a_benchmark_repeats() -> None:
    assert expected_minutes(ONE, passes=5, seeds=3) == 30  # seeds are all in the first pass
    assert expected_minutes(replace(ONE, command=("one.py", "{seed}")), passes=5, seeds=3) == 50
    for once in (replace(ONE, once=True), replace(ONE, own_runs=True)):
        assert expected_minutes(replace(once, command=("one.py",)), passes=5, seeds=3) == 10


def test_the_shortest_are_taken_and_keep_their_order() -> None:
    catalogue = [ONE, replace(ONE, name="long", minutes=30), replace(ONE, name="short", minutes=6)]
    assert [each.name for each in fitting(catalogue, 0.9, 5, 3)] == ["one", "short"]
    assert [each.name for each in fitting(catalogue, 0.7, 5, 3)] == ["short"]
    assert [each.name for each in fitting(catalogue, 0.9, 5, 10)] == []
    assert fitting(catalogue, 3, 5, 3) == catalogue
    # none is left out while a longer one is taken
    taken = fitting(BENCHMARKS, 1, 5, 3)
    longest = max(expected_minutes(each, 5, 3) for each in taken)
    assert all(each in taken for each in BENCHMARKS if expected_minutes(each, 5, 3) < longest)
