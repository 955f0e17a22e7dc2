"""Batches as steps receive them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.callbacks.trainer_internals.batches import first_tensor, inputs_of, to_device
from practicum.lightning_shim import Callback, Trainer, classes
from torch.utils.data import DataLoader

BoringModel = classes("demos.boring_classes.BoringModel")[0]


def test_inputs_are_the_first_of_several() -> None:
    x = torch.zeros(2)
    assert inputs_of((x, 1)) is inputs_of([x, 1]) is inputs_of(x) is x


def test_the_first_tensor_of_any_nest() -> None:
    x = torch.zeros(2)
    assert first_tensor({"a": [(x, 1)], "b": 2}) is first_tensor(x) is x


@pytest.mark.parametrize("precision", ["32-true", "64-true"])
def test_precision_and_the_modules_hooks(make_trainer: Callable[..., Trainer], precision: Any) -> None:
    class Doubles(BoringModel):
        def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
            return batch * 2

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            batches.append(batch)
            return self.layer.weight.sum()

    class Prepares(Callback):
        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
            batches.append(to_device(trainer, pl_module, torch.ones(2)))

    batches: list[torch.Tensor] = []
    data = DataLoader([torch.ones(())] * 2, batch_size=2)  # type: ignore[arg-type]
    make_trainer(callbacks=[Prepares()], limit_val_batches=0, precision=precision).fit(Doubles(), data)
    ours, theirs = batches
    assert torch.equal(ours, theirs)
    assert ours.dtype == theirs.dtype == (torch.float64 if precision == "64-true" else torch.float32)
