"""Baselines stand in the record with their seconds; a poor result is a warning, and an error in them ends no run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from practicum.callbacks import RunRecord
from practicum.cli.baselines import add
from practicum.cli.baselines.add import add_baselines
from practicum.cli.baselines.found import Baselines
from practicum.lightning_shim import LightningModule
from torch import Tensor
from torch.utils.data import DataLoader


class KnownAccuracy(LightningModule):
    def test_step(self, batch: Tensor, batch_idx: int) -> None:
        self.log("test/accuracy", 2 / 3)


@pytest.fixture
def measured(tmp_path: Path, make_trainer: Callable[..., Any]) -> tuple[RunRecord, Any, Any]:
    recorder, module = RunRecord(tmp_path), KnownAccuracy()
    trainer = make_trainer(callbacks=[recorder])
    trainer.test(module, DataLoader([1.0]), verbose=False)
    return recorder, trainer, module


@pytest.mark.parametrize(("accuracy", "warns"), [(0.9, True), (0.5, False)])
def test_written_and_warned_of(
    measured: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, accuracy: float, warns: bool
) -> None:
    found = Baselines({"linear": {"accuracy": accuracy}}, {"linear": "try a thing"})
    monkeypatch.setattr(add, "baselines_of", lambda *_: found)
    add_baselines(*measured, data=SimpleNamespace(), build=SimpleNamespace)
    record = json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8"))
    assert record["baseline/linear/accuracy"] == accuracy
    assert record["seconds/baselines"] >= 0
    assert ("baseline/warning" in record) == ("This run is worse than its linear model baseline" in caplog.text) == warns


def test_an_error_is_said_and_ends_nothing(
    measured: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: Any) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(add, "baselines_of", fails)
    add_baselines(*measured, data=SimpleNamespace(), build=SimpleNamespace)
    assert "The baselines were not measured (MemoryError: no room); baselines=false leaves them out." in caplog.text
    assert not any("baseline" in key for key in json.loads((tmp_path / "metrics.json").read_text(encoding="utf-8")))
