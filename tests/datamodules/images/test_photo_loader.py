"""Loaders with worker processes: the same draws, the same states and, after an interruption, the same training as without."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from practicum.callbacks import LastCheckpoint
from practicum.datamodules import Augment, ImageFolder
from practicum.lightning_shim import LightningModule, Trainer
from torch import nn
from torchdata.stateful_dataloader import StatefulDataLoader

Ready = Callable[..., ImageFolder]


class Dropping(LightningModule):
    """A linear model whose dropout shows whether the global generator was drawn from as often."""

    def __init__(self, stop_after: int | None = None) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(3 * 32 * 32, 2))
        self.stop_after = stop_after

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        if self.stop_after is not None and self.global_step == self.stop_after:
            raise KeyboardInterrupt("killed")
        return nn.functional.cross_entropy(self.layers(batch[0] / 255), batch[1])

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val/loss", nn.functional.cross_entropy(self.layers(batch[0] / 255), batch[1]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.01)


def train(data: ImageFolder, folder: Path, stop_after: int | None = None, resume: bool = False) -> torch.Tensor | None:
    """Train for three epochs of six steps, or until the step at which it is killed; returns the weights."""
    torch.manual_seed(1)
    model = Dropping(stop_after)
    trainer = Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=3,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[LastCheckpoint(folder, every_n_steps=4)],
        num_sanity_val_steps=1,
    )
    try:
        trainer.fit(model, datamodule=data, ckpt_path=folder / "last.ckpt" if resume else None, weights_only=True)
    except (SystemExit, KeyboardInterrupt):
        return None
    return model.layers[2].weight.detach()


@pytest.mark.parametrize("stop", [5, 9, 12])
@pytest.mark.parametrize(("before", "after"), [(2, 2), (0, 2), (2, 0), (2, 1)])
def test_an_interrupted_training_ends_bit_equal_with_any_number_of_workers(
    ready: Ready, photos: Path, tmp_path: Path, before: int, after: int, stop: int
) -> None:
    def data(workers: int) -> ImageFolder:
        return ready(photos, augment=Augment(), num_workers=workers)

    unbroken = train(data(0), tmp_path / "unbroken")
    assert unbroken is not None
    assert train(data(before), tmp_path / "broken", stop_after=stop) is None
    resumed = train(data(after), tmp_path / "broken", resume=True)
    assert resumed is not None
    assert torch.equal(resumed, unbroken)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_draw_and_report_as_none_do(ready: Ready, photos: Path, workers: int) -> None:
    def passes(number: int) -> list[Any]:
        torch.manual_seed(3)
        loader = ready(photos, num_workers=number).train_dataloader()
        seen: list[Any] = []
        for epoch in range(2):
            loader.sampler.set_epoch(epoch)
            batches = iter(loader)
            seen += [next(batches)[1].tolist(), loader.state_dict(), torch.rand(1).item()]
            seen += [batch[1].tolist() for batch in batches]
        return seen

    assert passes(workers) == passes(0)


def test_a_state_of_an_earlier_release_is_read(ready: Ready, photos: Path) -> None:
    loader = ready(photos, num_workers=2).train_dataloader()
    batches = iter(loader)
    next(batches)
    state = StatefulDataLoader.state_dict(loader)  # as it was written before
    assert "_snapshot" in state
    expected = [batch[1] for batch in batches]
    again = ready(photos, num_workers=1).train_dataloader()
    again.load_state_dict(state)
    assert [batch[1].tolist() for batch in again] == [each.tolist() for each in expected]


@pytest.mark.parametrize("workers", [0, 2])
def test_no_batch_is_made_before_the_first_is_asked_for(ready: Ready, photos: Path, tmp_path: Path, workers: int) -> None:
    data = ready(photos, num_workers=workers)
    features = np.arange(24 * 5, dtype=np.float32).reshape(1, 24, 5)
    np.save(tmp_path / "features.npy", features)
    batches = iter(data.train_dataloader())  # as Lightning does before it says that the training starts
    time.sleep(0.5 * bool(workers))
    data.use_features("train", tmp_path / "features.npy")
    assert {tuple(x.shape[1:]) for x, _ in batches} == {(5,)}


def test_workers_that_are_spawned_give_the_same(ready: Ready, photos: Path) -> None:
    expected = [(x.clone(), y.tolist()) for x, y in ready(photos, num_workers=0, augment=Augment()).train_dataloader()]
    loader = ready(photos, num_workers=1, augment=Augment()).train_dataloader()
    loader.multiprocessing_context = "spawn"  # Windows and macOS know no fork: a worker is sent what it needs
    for (x, y), (wanted, targets) in zip(loader, expected, strict=True):
        assert torch.equal(x, wanted)
        assert y.tolist() == targets
