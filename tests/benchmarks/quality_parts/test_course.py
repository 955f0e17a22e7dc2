"""The callback that writes down each validation."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from practicum.lightning_shim import MisconfigurationException

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from benchmarks.quality_parts.course import STARTED, Course
from benchmarks.quality_parts.watching import read_course


def trainer(sanity: bool = False, **metrics: float) -> Any:
    values = {f"val/{name}": torch.tensor(value) for name, value in metrics.items()}
    return SimpleNamespace(sanity_checking=sanity, callback_metrics=values)


def test_it_writes_seconds_since_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STARTED, repr(time.monotonic() - 100))
    course = Course(str(tmp_path / "course"), "val/accuracy")
    course.on_validation_end(trainer(sanity=True, accuracy=0.1), None)  # type: ignore[arg-type]
    for accuracy in (0.5, 0.75):
        course.on_validation_end(trainer(accuracy=accuracy, loss=1.0), None)  # type: ignore[arg-type]
    found = read_course(tmp_path / "course")
    assert [each.value for each in found] == [0.5, 0.75]
    assert all(100 <= each.seconds < 200 for each in found)
    assert 0 < found[0].processor <= found[1].processor
    with pytest.raises(MisconfigurationException, match="val/accuracy is not measured by validation; there are val/loss"):
        course.on_validation_end(trainer(loss=1.0), None)  # type: ignore[arg-type]
