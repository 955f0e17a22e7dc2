"""The growth of benchmarks/growth.py: the data it makes, exponents, memory of a child, and what is kept."""

from __future__ import annotations

import csv
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import growth
from benchmarks.growth_parts import made
from benchmarks.growth_parts.made import KINDS
from benchmarks.growth_parts.picture import draw, exponent


def test_a_cost_in_proportion_has_the_exponent_1() -> None:
    assert exponent([10, 100, 1000], [2.0, 20.0, 2000.0]) == pytest.approx([1.0, 2.0])
    assert exponent([10, 100], [5.0, 5.0]) == [0.0]


def test_data_have_the_size_that_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "PIECE", 4000)  # more than one piece
    assert len(list(made.photos(tmp_path, 23).rglob("*.jpg"))) == 23
    assert Image.open(next((tmp_path / "photos").rglob("*.jpg"))).size == (32, 32)
    words = (made.texts(tmp_path, 9_000) / "train.txt").read_text(encoding="utf-8").split()
    assert len(words) == 9_000
    for kind in ("rows", "ratings"):
        with open(KINDS[kind].make(tmp_path, 9_000), newline="", encoding="utf-8") as file:
            table = list(csv.DictReader(file))
        assert len(table) == 9_000
    assert {float(row["rating"]) % 0.5 for row in table} == {0.0}
    assert len({row["userId"] for row in table}) == 60
    assert len({(row["userId"], row["movieId"]) for row in table}) == 9_000  # nobody rates an item twice


def test_the_target_depends_on_the_columns(tmp_path: Path) -> None:
    with open(made.rows(tmp_path, 4_000), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    error = [
        float(row["y"])
        - float(row["x0"]) * float(row["x1"])
        - math.sin(2 * float(row["x2"]))
        - 0.01 * (int(row["city"][4:]) % 50)
        for row in rows
    ]
    assert math.sqrt(sum(each * each for each in error) / len(error)) == pytest.approx(0.1, rel=0.1)


def test_sizes_are_kept_and_a_failing_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def costs(overrides: list[str], folder: Path, threads: int | None) -> dict[str, Any]:
        size = int(folder.name.rpartition("_")[2])
        asked.append(folder.name)
        assert f"data.root={folder / 'ratings.csv'}" in overrides
        return (
            {"error": "no memory"} if size > 100 else {"seconds": size, "data": 1.0, "epoch": size / 2, "memory": size * 2.0**30}
        )

    monkeypatch.setattr(growth, "train", costs)
    kind = KINDS["ratings"]
    assert growth.measure(kind, [10, 100], tmp_path, 1)
    assert not growth.measure(kind, [100, 1000], tmp_path, 1)
    assert asked == ["ratings_10", "ratings_100", "ratings_1000"]
    page = (tmp_path / "ratings.md").read_text(encoding="utf-8")
    assert "| 100 | 50 (1.00) | 1 (0.00) | 100 (1.00) | 100 (1.00) |" in page
    assert "- 1,000: no memory" in page
    assert (tmp_path / "growth_ratings.png").stat().st_size > 10_000
    assert [each["size"] for each in json.loads((tmp_path / "ratings.json").read_text(encoding="utf-8"))["sizes"]] == [
        10,
        100,
        1000,
    ]
    assert not list(tmp_path.glob("ratings_*"))
    assert not growth.measure(kind, [1000], tmp_path / "failed", 1)
    assert "- 1,000: no memory" in (tmp_path / "failed" / "ratings.md").read_text(encoding="utf-8")
    growth.measure(kind, [100], tmp_path, 2)  # by other threads: nothing of before is kept
    assert asked[-1] == "ratings_100"


def test_a_picture_of_two_sizes_is_drawn(tmp_path: Path) -> None:
    costs = [{"size": size, "seconds": size, "data": 0.0, "epoch": size, "memory": 2.0**30} for size in (10, 100)]
    draw("rows", costs, tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").size == (1100, 440)
    assert [each.name for each in tmp_path.iterdir()] == ["a.png"]
