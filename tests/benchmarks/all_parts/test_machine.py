"""The machine's facts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.all_parts import machine


def test_facts_and_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "SIDE", 256)  # longer than the processor's clock can tell from nothing
    found = machine.describe()
    assert found["packages"]["torch"] == torch.__version__.partition("+")[0] or found["packages"]["torch"] == torch.__version__
    assert 1 <= found["usable cores"] <= found["cores"]
    assert found["processor"]
    assert found["threads"] == torch.get_num_threads()
    assert all(speed > 0 for speed in found["product, GFLOP/s"].values())
