"""A process is watched until its course reaches a mark."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.quality_parts.watching import Outcome, SideFailed, read_course, watch

WRITES = """
import json, os, sys, time
for number, value in enumerate(map(float, sys.argv[2].split(","))):
    with open(sys.argv[1], "a") as file:
        file.write(json.dumps({"seconds": number + 1.0, "processor": 0.5, "value": value}) + "\\n")
assert float(os.environ["STARTED"]) <= time.monotonic()
exec(sys.argv[3])
"""


def run(folder: Path, values: str, then: str, limit: float | None = None) -> Outcome:
    course = folder / "course.jsonl"
    command = [sys.executable, "-c", WRITES, str(course), values, then]
    return watch(command, course, lambda value: value >= 0.9, limit, os.environ, "STARTED")


def test_it_is_ended_at_the_mark(tmp_path: Path) -> None:
    started = time.monotonic()
    found = run(tmp_path, ".5,.8,.92,.95", "time.sleep(60)")
    assert time.monotonic() - started < 30
    assert (found.mark, found.cut) == ((3.0, 0.5, 0.92), False)  # the first that is there, by its own clock
    assert found.course[0] == (1.0, 0.5, 0.5)


def test_a_mark_that_is_not_reached(tmp_path: Path) -> None:
    found = run(tmp_path, ".5,.8", "")
    assert found.mark is None
    assert found.missed(max) == f".8 at best in 2 epochs, {found.ended:.0f} s, 0 s on the processor, its whole schedule"
    found = run(tmp_path / ".." / tmp_path.name, ".6", "time.sleep(60)", limit=3.0)
    assert found.cut
    assert found.missed(max).startswith(".8 at best in 3 epochs, ")
    assert found.missed(max).endswith("then ended by the limit")


def test_one_that_fails_is_named_by_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(SideFailed, match=r"no memory \(exit code 1\)"):
        run(tmp_path, ".5", "sys.exit('no memory')")
    (tmp_path / "course.jsonl").unlink()
    assert run(tmp_path, ".95", "sys.exit('later')").mark == (1.0, 0.5, 0.95)  # the mark was reached before


def test_it_is_ended_with_what_it_started_where_the_watch_is_interrupted(tmp_path: Path) -> None:
    course = tmp_path / "course.jsonl"
    sleeper = "import os, subprocess, sys; print(os.getpid()); sys.stdout.flush(); subprocess.run(['sleep', '60'])"
    command = [sys.executable, "-c", WRITES, str(course), ".5", f"exec({sleeper!r})"]

    def interrupted(value: float) -> bool:
        while not (tmp_path / "course.log").read_text(encoding="utf-8"):
            time.sleep(0.05)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch(command, course, interrupted, None, os.environ, "STARTED")
    group = int((tmp_path / "course.log").read_text(encoding="utf-8"))
    deadline = time.monotonic() + 30
    while _there(group):  # for a moment after they were ended
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_half_a_line_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "course.jsonl"
    assert read_course(path) == ()
    path.write_text('{"seconds": 1.0, "processor": 0.5, "value": 2.0}\n{"seconds": 2', encoding="utf-8")
    assert read_course(path) == ((1.0, 0.5, 2.0),)
    assert Outcome((), None, 3.0, False).missed(min) == "no validation in 0 epochs, 3 s, its whole schedule"
