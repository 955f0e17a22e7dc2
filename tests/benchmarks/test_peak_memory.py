"""Seconds and memory of a child process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.peak_memory import run


def test_memory_is_that_of_the_child(tmp_path: Path) -> None:
    hold = "held = bytearray(400 * 2**20); held[::4096] = b'x' * len(held[::4096])"
    code, seconds, memory = run([sys.executable, "-c", hold], tmp_path / "log", os.environ)
    assert code == 0
    assert seconds > 0
    assert 400 * 2**20 < memory < 450 * 2**20  # not of this process, which holds more
    assert run([sys.executable, "-c", "raise SystemExit('no memory')"], tmp_path / "log", os.environ)[0] == 1
    assert (tmp_path / "log").read_text(encoding="utf-8") == "no memory\n"
