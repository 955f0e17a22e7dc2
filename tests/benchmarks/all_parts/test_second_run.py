"""Two runs of the benchmarks, side by side."""

from __future__ import annotations

import json
import random
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.all_parts.catalogue import Benchmark
from benchmarks.all_parts.second_run import Pair, comparison, pairs, ratios

CATALOGUE = (Benchmark("speed", "", (), 1), Benchmark("quality", "", (), 1))


def write(folder: Path, name: str, better: str, **sides: list[Any]) -> None:
    folder.mkdir(exist_ok=True)
    metrics = {"rate": {"better": better, "sides": sides}}
    (folder / f"{name}.json").write_text(json.dumps({"measured": {"metrics": metrics}}), encoding="utf-8")


def test_what_both_have_is_compared(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write(one, "speed", "more", practicum=[10.0, 12.0, 11.0], fastai=[5.0])
    write(other, "speed", "more", practicum=[12.0, 14.0, 13.0], torch=[5.0])
    write(one, "quality", "less", practicum=[3.0])
    assert list(pairs(one, other, CATALOGUE)) == [
        Pair("speed", "rate", "practicum", [10.0, 12.0, 11.0], [12.0, 14.0, 13.0], "more")
    ]
    write(other, "quality", "less", practicum=[2.0])
    found = list(pairs(one, other, CATALOGUE))
    assert [each.overlap for each in found] == [True, False]
    assert found[1].apart == 1.5
    text = comparison(found)
    assert "| speed | rate | practicum | 11 (10 to 12) | 13 (12 to 14) | yes |" in text
    assert "1 of 2 intervals of the second run overlap" in text
    assert " By chance alone about 1.1 would not. " in text  # one of ten of three values each, and one value never overlaps
    assert text.endswith("The furthest apart: quality, rate, practicum: no, by 1.50.")  # no other side in both
    (other / "quality.json").write_text(json.dumps({"error": "it failed"}), encoding="utf-8")
    assert len(list(pairs(one, other, CATALOGUE))) == 1


def test_ratios_are_taken_turn_by_turn_as_a_slower_machine_slows_both() -> None:
    found = [
        Pair("speed", "rate", "practicum", [10.0, 12.0], [5.0, 6.0], "more"),
        Pair("speed", "rate", "fastai", [5.0, 4.0], [2.5, 2.0], "more"),
        Pair("speed", "rate", "torch", [5.0, 4.0], [2.0, 1.0], "more"),
        Pair("speed", "rate", "other", [{"missed": "no"}, 4.0], [2.0, 1.0], "more"),
        Pair("time", "seconds", "practicum", [2.0], [3.0], "less"),
        Pair("time", "seconds", "fastai", [8.0], [12.0], "less"),
    ]
    by_turn = ratios(found)
    assert [(each.side, each.first, each.second) for each in by_turn] == [
        ("practicum by fastai", [2.0, 3.0], [2.0, 3.0]),
        ("practicum by torch", [2.0, 3.0], [2.5, 6.0]),
        ("practicum by fastai", [4.0], [4.0]),
    ]
    text = comparison(found)
    assert text.endswith("Of ours by the others, turn by turn, 3 of 3 overlap (by chance 0.3 would not).")
    found[2] = replace(found[2], second=[1.0, 1.0])
    assert "| speed | rate | practicum by torch | 2.5 (2 to 3) | 5.5 (5 to 6) | no, by 2.20 |" in comparison(found)


def test_chance_is_that_of_drawn_values() -> None:
    draw = random.Random(1).random
    drawn = [Pair("", "", "", [draw() for _ in range(4)], [draw() for _ in range(3)], "more") for _ in range(4000)]
    assert drawn[0].by_chance == pytest.approx(2 / 35)
    assert sum(not each.overlap for each in drawn) / len(drawn) == pytest.approx(2 / 35, abs=0.01)
    assert replace(drawn[0], first=[1.0, 2.0], second=[1.0, 2.0]).by_chance == 0


def test_a_mark_that_was_missed_is_infinitely_bad() -> None:
    missed = {"missed": "best .95"}
    assert Pair("speed", "seconds", "fastai", [30.0, missed], [40.0], "less").overlap
    assert Pair("speed", "seconds", "fastai", [missed], [missed], "less").overlap
    apart = Pair("speed", "seconds", "fastai", [missed], [40.0], "less")
    assert not apart.overlap
    assert "| no, one alone reached it |" in comparison([apart])
