"""Each benchmark of the catalogue can be typed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.all_parts.catalogue import BENCHMARKS, Benchmark
from benchmarks.all_parts.peers_environment import LIST

FOLDER = LIST.parent


@pytest.mark.parametrize("each", BENCHMARKS, ids=lambda each: each.name)
def test_its_script_is_there_and_ends_in_json(each: Benchmark) -> None:
    module = each.command[0] == "-m"
    script = FOLDER.parent / (each.command[1].replace(".", "/") + ".py") if module else FOLDER / each.command[0]
    text = script.read_text(encoding="utf-8")
    assert "add_json(parser)" in text
    options = {part for part in each.command if part.startswith("--")} | ({"--peer-python"} if each.peers else set())
    assert not {option for option in options if f'"{option}"' not in text}
    assert each.sentence.endswith(".")


def test_what_trains_seeds_or_is_marked_is_in_the_first_pass_alone() -> None:
    assert all(each.of_pass(1) for each in BENCHMARKS)
    again = {each.name for each in BENCHMARKS if each.of_pass(2)}
    assert {"overhead", "time_photos", "language_tokens"} <= again
    assert not again & {"kill", "growth", "claims", "rossmann_paper", "solar_cells"}


def test_names_are_those_of_files_and_unique() -> None:
    names = [each.name for each in BENCHMARKS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z_]+", name) for name in names)


def test_peers_are_pinned() -> None:
    lines = [line.partition("#")[0].strip() for line in LIST.read_text(encoding="utf-8").splitlines()]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", line) for line in lines if line)
