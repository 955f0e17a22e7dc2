"""A trial that its pruner gives up ends early and whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import TrialPruning
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch.utils.data import DataLoader, TensorDataset


class Line(LightningModule):
    """Logs a validation metric that worsens by one each epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.net = torch.nn.Linear(1, 1)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        return self.net(batch[0]).square().mean()

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val/loss", float(self.current_epoch))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.01)


class Trial:
    """Gives up at a value above a limit."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.reports: list[tuple[float, int]] = []
        self.last = 0.0

    def report(self, value: float, step: int) -> None:
        self.reports.append((value, step))
        self.last = value

    def should_prune(self) -> bool:
        return self.last > self.limit


def fit(folder: Path, callback: TrialPruning) -> Trainer:
    loader = DataLoader(TensorDataset(torch.ones(4, 1)), batch_size=2)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "enable_checkpointing": False}
    trainer = Trainer(max_epochs=5, callbacks=[callback], default_root_dir=folder, accelerator="cpu", **quiet)
    trainer.fit(Line(), loader, loader)
    return trainer


def test_a_fit_ends_after_the_epoch_that_was_given_up(tmp_path: Path) -> None:
    trial = Trial(limit=1.5)
    callback = TrialPruning(trial, "val/loss")
    trainer = fit(tmp_path, callback)
    assert callback.pruned_at == 2
    assert trainer.current_epoch == 3
    assert trial.reports == [(0.0, 0), (1.0, 1), (2.0, 2)]  # the sanity check's is not reported
    resumed = TrialPruning(trial, "val/loss")
    assert resumed.state_dict() == {}  # nothing to restore, and nothing that a run resumed by itself would lack
    resumed.load_state_dict(callback.state_dict())
    assert resumed.pruned_at == 2


def test_a_good_trial_runs_to_its_end_and_epochs_are_reported_once(tmp_path: Path) -> None:
    trial = Trial(limit=9)
    callback = TrialPruning(trial, "val/loss", reported={0, 1})
    assert fit(tmp_path, callback).current_epoch == 5
    assert callback.pruned_at is None
    assert [step for _, step in trial.reports] == [2, 3, 4]


def test_a_metric_that_validation_lacks(tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=r"validation has no val/f1 to prune by; it has val/loss"):
        fit(tmp_path, TrialPruning(Trial(1), "val/f1"))
