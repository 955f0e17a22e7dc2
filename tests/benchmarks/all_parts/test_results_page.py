"""RESULTS.md from files of results; what others wrote in it stays."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.all_parts.catalogue import Benchmark
from benchmarks.all_parts.results_page import BEGIN, END, results_page, rewrite
from benchmarks.measurements import OURS

SPEED = Benchmark("speed", "How fast.", ("speed.py", "{data}/texts", "--first-seed", "{seed}"), 1, ("texts",), ("fastai",))
MARK = Benchmark("mark", "How soon.", ("mark.py",), 1)
LOST = Benchmark("lost", "Never.", ("lost.py",), 1)
MACHINE = {
    "processor": "A processor",
    "system": "Linux x86_64",
    "cores": 2,
    "usable cores": 1,
    "threads": 1,
    "packages": {"torch": "2.9"},
    "product, GFLOP/s": {"32-true": 50.0, "bf16-mixed": 100.0},
}


def of(metrics: dict[str, Any], **more: Any) -> dict[str, Any]:
    run = {
        "seconds": 90.0,
        "options": {"seed": "N", "seeds": 5},
        "passes": 1,
        "revisions": ["abc123"],
        "shares": [0.95],
        "failed": [],
        "machine": MACHINE,
        "peers": {"fastai": "2.8.12"},
        "missing_peers": {},
    }
    found = {**run, "measured": {"metrics": metrics, "settings": {}, "pages": []}, **more}
    return {"machines": [found["machine"]], **found}


def rows_of(text: str, first: str) -> list[list[str]]:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    return [row for row in rows if row[0] == first]


RATES = {
    "better": "more",
    "sides": {OURS: [100.0, 400.0, 200.0], "fastai": [50.0, 60.0, 40.0], "bare loop": [250.0]},
    "operations": 2e8,
    "precisions": {OURS: "bf16-mixed", "fastai": "32-true"},
}


def test_medians_spread_ratios_and_shares_of_the_limit() -> None:
    slowed = {**MACHINE, "product, GFLOP/s": {"32-true": 5.0, "bf16-mixed": 10.0}}  # by other work, in another run
    runs = {"speed": of({"tokens/s": RATES}), "mark": of({}, machine=slowed)}
    text = results_page(runs, {"lost": "no texts"}, (SPEED, MARK, LOST))
    assert "reaches 50 GFLOP/s in 32 bit and 100 in bfloat16." in text
    assert "A processor, Linux x86_64, 1 of 2 cores, 1 thread; torch 2.9." in text
    assert "revision abc123" in text
    assert "Peers: fastai 2.8.12." in text
    assert "`python benchmarks/speed.py DATA/texts --first-seed N`, 90 s in all." in text
    assert rows_of(text, "speed") == [["speed", "tokens/s", "200", "fastai: 50", "4.00"]]
    assert rows_of(text, "tokens/s") == [["tokens/s", OURS, "200 (100 to 400)", "3", "", "40, 0.40"]]
    assert rows_of(text, "") == [
        ["", "fastai", "50 (40 to 60)", "3", "4.00", "10, 0.20"],
        ["", "bare loop", "250", "1", "0.80", ""],
    ]
    assert "- lost: no texts" in text


def test_marks_that_were_not_reached_are_no_numbers() -> None:
    missed = {"missed": "best .95 in 4 epochs, 80 s"}

    def page(mine: list[Any], others: list[Any]) -> str:
        return results_page({"mark": of({"s": {"better": "less", "sides": {OURS: mine, "fastai": others}}})}, {}, (MARK,))

    text = page([30.0, 20.0, 40.0], [missed, missed, 60.0])
    assert rows_of(text, "s")[0][2] == "30 (20 to 40)"
    assert rows_of(text, "")[0][2:] == ["1 of 3 reached it: best .95 in 4 epochs, 80 s", "3", "—"]
    assert rows_of(text, "mark")[0][2:] == ["30", "not reached by fastai (but 1 of 3 times)", "—"]
    text = page([missed], [60.0, missed, 80.0])
    assert rows_of(text, "s")[0][2] == "not reached: best .95 in 4 epochs, 80 s"
    assert rows_of(text, "")[0][2:] == ["80 (60 to not reached (best .95 in 4 epochs, 80 s))", "3", "—"]


def test_failures_missing_peers_and_other_machines_are_named() -> None:
    less = {"error": {"better": "less", "sides": {OURS: [0.5], "k-NN": [0.6]}}}
    other = {**MACHINE, "processor": "Another"}
    runs = {
        "speed": of(less, machine=other, missing_peers={"fastai": "No module named 'fastai'"}),
        "mark": {"error": "no memory (exit code 1)"},
        "lost": of(less, passes=3, shares=[0.2, 0.9, 0.6], revisions=["a", "b", "b"], machines=[MACHINE, MACHINE, other]),
    }
    text = results_page(runs, {}, (SPEED, MARK, LOST))
    assert "Measured on: Another, Linux x86_64" in text
    assert "Without fastai: No module named 'fastai'." in text
    assert text.count("**Other work shared the processor** in 2 of 3 passes: it had 0.20 of a core.") == 1
    assert "Revisions: a (1 pass), b (2 passes)." in text
    assert "torch 2.9. (2 passes) Another, Linux x86_64" in text
    assert "- mark: **failed**: no memory (exit code 1)" in text
    assert rows_of(text, "")[0][4] == "1.20"  # a smaller error is better


def test_what_others_wrote_stays(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    path.write_text("# Results\n\n## On one GPU\n\nFast.\n", encoding="utf-8")
    rewrite(path, "first")
    assert path.read_text(encoding="utf-8") == f"# Results\n\n{BEGIN}\n\nfirst\n\n{END}\n\n## On one GPU\n\nFast.\n"
    rewrite(path, "second\n")
    assert path.read_text(encoding="utf-8") == f"# Results\n\n{BEGIN}\n\nsecond\n\n{END}\n\n## On one GPU\n\nFast.\n"
    assert [each.name for each in tmp_path.iterdir()] == ["RESULTS.md"]
    path.write_text(f"{BEGIN}\nno end", encoding="utf-8")
    with pytest.raises(ValueError, match="one of the two lines is missing"):
        rewrite(path, "third")
    assert path.read_text(encoding="utf-8") == f"{BEGIN}\nno end"
    rewrite(tmp_path / "new.md", "text")
    assert (tmp_path / "new.md").read_text(encoding="utf-8") == f"# Results\n\n{BEGIN}\n\ntext\n\n{END}\n"


def test_the_page_in_the_repository_can_be_rewritten(tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[3] / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    path = tmp_path / "RESULTS.md"
    path.write_text(text, encoding="utf-8")
    rewrite(path, "new")
    gpu = text[text.index("## On one GPU") :]
    assert path.read_text(encoding="utf-8").endswith(gpu)
