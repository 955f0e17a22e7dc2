"""Which benchmarks fit into some hours."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.all_parts.budget import expected_minutes, fitting
from benchmarks.all_parts.catalogue import BENCHMARKS, Benchmark

ONE = Benchmark("one", "", ("one.py", "{seeds}"), 30)


def test_minutes_follow_from_what_a_benchmark_repeats() -> None:
    assert expected_minutes(ONE, repeat=1, seeds=3) == 30
    assert expected_minutes(ONE, repeat=3, seeds=5) == 50
    assert expected_minutes(replace(ONE, command=("one.py", "{seeds}", "{repeat}")), repeat=6, seeds=6) == 120


def test_the_shortest_are_taken_and_keep_their_order() -> None:
    catalogue = [ONE, replace(ONE, name="long", minutes=90), replace(ONE, name="short", minutes=20)]
    assert [each.name for each in fitting(catalogue, 0.9, 3, 3)] == ["one", "short"]
    assert [each.name for each in fitting(catalogue, 0.8, 3, 3)] == ["short"]
    assert [each.name for each in fitting(catalogue, 0.9, 3, 9)] == []
    assert fitting(catalogue, 3, 3, 3) == catalogue
    # none is left out while a longer one is taken
    taken = fitting(BENCHMARKS, 1, 3, 3)
    longest = max(each.minutes for each in taken)
    assert all(each in taken for each in BENCHMARKS if each.minutes < longest)
