"""Transforms of predictions: in place for a test or prediction, checked, and taken out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.callbacks import PredictionTransform
from practicum.callbacks.trainer_internals.isolate_training import takes_part
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.utils.data import DataLoader

MakeTrainer = Callable[..., Trainer]


class Add(PredictionTransform):
    def __init__(self, number: float) -> None:
        super().__init__()
        self.number = number

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if stage == "predict" and self.enabled and self.transforms:
            self.override(pl_module, lambda beneath, x: beneath(x) + self.number)


class Same(LightningModule):
    asks = True

    def forward(self, x: Tensor) -> Tensor:
        return x

    def predict_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        if batch_idx == 2:
            raise InterruptedError
        return self(batch) if self.asks else batch


def predicted(trainer: Trainer, module: LightningModule, rows: int = 2) -> list[float]:
    return torch.cat(trainer.predict(module, DataLoader(torch.arange(rows) * 10.0))).tolist()  # type: ignore[arg-type]


def test_they_stack_and_leave_no_trace(make_trainer: MakeTrainer) -> None:
    module, one, two = Same(), Add(1.0), Add(2.0)
    assert predicted(make_trainer(callbacks=[one, two]), module) == [3, 13]
    assert not one.overrides
    assert not two.overrides
    two.enabled = False
    assert predicted(make_trainer(callbacks=[one, two]), module) == [1, 11]
    assert module(5) == 5


def test_after_an_error_forward_is_restored(make_trainer: MakeTrainer) -> None:
    module = Same()
    with pytest.raises(InterruptedError):
        predicted(make_trainer(callbacks=[Add(1.0), Add(2.0)]), module, rows=3)
    assert module(5) == 5


def test_a_step_that_does_not_ask_forward_is_refused(make_trainer: MakeTrainer) -> None:
    module = Same()
    module.asks = False
    with pytest.raises(MisconfigurationException, match=r"Add needs Same.predict_step to call self\(x\)"):
        predicted(make_trainer(callbacks=[Add(1.0)]), module)


def test_it_takes_no_part_in_training() -> None:
    transform: Any = Add(1.0)
    assert not takes_part(transform)
    assert transform.transforms
