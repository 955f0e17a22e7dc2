"""A training step's loss logged in fewer steps is what ``self.log`` makes of it, in every place where one looks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from practicum.callbacks import RunLog
from practicum.lightning_shim import PACKAGE, ROOTS, Callback, LightningModule, Trainer, part_of
from practicum.lightning_shim.step_log import log_step
from torch import Tensor
from torch.utils.data import DataLoader


class Net(LightningModule):
    """Logs a value of each batch by Lightning's own way or by ours."""

    def __init__(self, ours: bool) -> None:
        super().__init__()
        self.ours, self.weight = ours, torch.nn.Parameter(torch.tensor(1.0))

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss = (self.weight * batch).square().mean()
        if self.ours:
            log_step(self, "train/loss", loss, len(batch))
        else:
            self.log("train/loss", loss, on_step=True, on_epoch=True, prog_bar=True, batch_size=len(batch))
        return loss

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        self.log("val/loss", batch.mean())

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.01)


class Seen(Callback):
    """What callbacks and bars see after each step and each epoch."""

    def __init__(self) -> None:
        self.values: list[dict[str, float]] = []

    def look(self, trainer: Trainer, *args: Any) -> None:
        for metrics in (trainer.callback_metrics, trainer.progress_bar_metrics, trainer.logged_metrics):
            self.values.append({name: float(value) for name, value in metrics.items()})

    on_train_batch_end = on_train_epoch_end = on_train_epoch_start = look


@pytest.mark.parametrize(
    "options",
    [
        {"log_every_n_steps": 1},
        {"log_every_n_steps": 3, "accumulate_grad_batches": 2},
        {"log_every_n_steps": 50, "val_check_interval": 2},  # no step of an epoch is logged; validation within it
    ],
    ids=str,
)
def test_it_is_what_lightning_logs(make_trainer: Callable[..., Trainer], tmp_path: Path, options: dict[str, Any]) -> None:
    found = []
    for ours in (False, True):
        seen, folder = Seen(), tmp_path / str(ours)
        trainer = make_trainer(max_epochs=2, callbacks=[seen], logger=RunLog(folder), **options)
        trainer.fit(Net(ours), DataLoader(torch.arange(1.0, 11.0), batch_size=3), DataLoader(torch.ones(2)))  # 3, 3, 3 and 1
        found.append((seen.values, (folder / "metrics.csv").read_text(encoding="utf-8")))
    assert found[0] == found[1]
    assert "train/loss_epoch" in found[1][1]


def test_without_a_trainer_a_step_is_only_a_loss() -> None:
    with pytest.warns(UserWarning, match="self.trainer` reference is not registered"):
        assert float(Net(True).training_step(torch.tensor([2.0]), 0)) == 4.0


@pytest.mark.parametrize("root", ROOTS)
def test_private_names_are_there(root: Any) -> None:
    result = part_of(root.Trainer(logger=False), "trainer.connectors.logger_connector.result")
    assert isinstance(root.Trainer._results, property)
    assert PACKAGE.LightningModule()._trainer is None
    assert callable(result._ResultCollection.update_metrics)
    metadata = result._Metadata(fx="training_step", name="train/loss")
    assert result._ResultMetric(metadata, is_tensor=True).has_reset is False
