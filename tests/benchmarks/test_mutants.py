"""Each planted fault can be planted: what it replaces is in its file, once, and the file has tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from benchmarks import mutants
from benchmarks.mutants import FAULTS, ROOT, Fault


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: f"{each.file}: {each.old[:30]}")
def test_what_a_fault_replaces_is_there(fault: Fault) -> None:
    assert (ROOT / f"{fault.file}.py").read_text(encoding="utf-8").count(fault.old) == 1
    assert fault.old != fault.new
    assert (ROOT / mutants.tests_of(fault.file)).is_file()


def test_there_are_forty_at_least() -> None:
    assert len(FAULTS) >= 40
