"""Each task is something that train.py takes, and its peers' scripts are there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.quality_parts.tasks import TASKS

PEERS = Path(__file__).resolve().parents[3] / "benchmarks" / "peers"


@pytest.mark.parametrize("name", TASKS)
def test_it_can_be_typed(name: str) -> None:
    task = TASKS[name]
    with initialize_config_module("practicum.conf", version_base="1.3"):
        config = compose("train", [each.format(root="DATA") for each in task.overrides])
    assert config.data.root == "DATA"
    for peer in task.peers:
        assert f'"{peer.arguments[0].partition(",")[0]}' in (PEERS / peer.script).read_text(encoding="utf-8") or "METHODS" in (
            PEERS / peer.script
        ).read_text(encoding="utf-8")


def test_marks_are_reached_from_their_side() -> None:
    assert TASKS["photos"].reached(0.96)
    assert not TASKS["photos"].reached(0.95)
    assert TASKS["text"].reached(129.0)
    assert not TASKS["text"].reached(131.0)
