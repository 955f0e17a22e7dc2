"""The mean loss of batches, and of the processes of a validation together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from practicum.lightning_shim import LightningModule, Trainer
from practicum.modules.metrics.mean_loss import MeanLoss
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset


def test_batches_count_by_their_rows() -> None:
    mean = MeanLoss()
    mean.update(torch.tensor(1.0, requires_grad=True), 3)
    mean.update(torch.tensor(5.0, dtype=torch.bfloat16), 1)
    assert not mean.total.requires_grad
    assert float(mean.compute()) == 2.0
    mean.update(torch.tensor(float("nan")), 1)
    assert mean.compute().isnan()  # a diverged loss is not passed over
    weighted = MeanLoss()
    for loss, weights in ((1.0, torch.tensor(0.5)), (4.0, 0.25), (float("nan"), 0)):  # no weight at all: 0 / 0
        weighted.update(torch.tensor(loss), weights)
    assert float(weighted.compute()) == 2.0
    assert not MeanLoss().state_dict()  # checkpoints are as before


class Logs(LightningModule):
    """Logs the mean of its rows."""

    def __init__(self, found: Path) -> None:
        super().__init__()
        self.mean, self.found = MeanLoss(), found

    def validation_step(self, batch: list[Tensor], batch_idx: int) -> None:
        self.mean.update(batch[0].mean(), len(batch[0]))
        self.log("val/loss", self.mean, batch_size=len(batch[0]))  # type: ignore[arg-type]

    def on_validation_end(self) -> None:
        path = self.found / f"{self.trainer.global_rank}"
        path.write_text(str(float(self.trainer.callback_metrics["val/loss"])), encoding="utf-8")


@pytest.mark.parametrize("processes", [1, 2])
def test_an_odd_number_of_rows_over_two_processes(make_trainer: Callable[..., Trainer], tmp_path: Path, processes: int) -> None:
    rows = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 70.0])
    loader = {
        rank: DataLoader(TensorDataset(rows[rank::processes]), batch_size=3)  # 4 rows and 3
        for rank in range(processes)
    }
    trainer = make_trainer(devices=processes, strategy="auto" if processes == 1 else "ddp_fork")

    class Data(Logs):
        def val_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
            return loader[self.trainer.global_rank]

    # The second process has one batch, the first two: nothing is gathered before the epoch's end.
    trainer.validate(Data(tmp_path), verbose=False)
    for rank in range(processes):
        assert float((tmp_path / str(rank)).read_text(encoding="utf-8")) == pytest.approx(13.0)
