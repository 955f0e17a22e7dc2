"""A batch in parts, by the trainer's own loops."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
import torch
from practicum.callbacks.trainer_internals.run_in_parts import run_in_parts
from practicum.lightning_shim import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader


class Mean(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.seen: list[list[float]] = []

    def training_step(self, batch: Tensor, batch_idx: int, extra: float = 0.0) -> Any:
        self.seen.append([*batch.tolist(), extra])
        if batch[0] == 99:
            return None
        return {"loss": (batch - self.weight).square().mean(), "last": float(batch[-1])}

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class InParts(Callback):
    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.outputs: list[Any] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.undo = run_in_parts(trainer, self.split)

    def split(self, batch: Tensor) -> Generator[tuple[Tensor, dict[str, Any], float], dict[str, Any], None]:
        for number, part in enumerate(batch.split(2)):
            self.sent.append((yield part, {"extra": float(number)}, float(len(part))))

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *args: Any) -> None:
        self.outputs.append(outputs)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.undo()


def test_each_part_is_a_step_and_sees_what_the_one_before_gave(make_trainer: Callable[..., Trainer]) -> None:
    module, callback = Mean(), InParts()
    trainer = make_trainer(callbacks=[callback])
    trainer.fit(module, DataLoader(torch.tensor([1.0, 2.0, 3.0]), batch_size=3))
    assert module.seen == [[1.0, 2.0, 0.0], [3.0, 1.0]]
    assert trainer.global_step == 2
    assert [each["last"] for each in callback.sent] == [2.0, 3.0]
    (output,) = callback.outputs
    first, second = (float(each["loss"]) for each in callback.sent)
    assert float(output["loss"]) == pytest.approx((2 * first + second) / 3)
    assert output["last"] == 3.0


def test_a_part_may_be_skipped_and_nothing_stays_behind(make_trainer: Callable[..., Trainer]) -> None:
    module, callback = Mean(), InParts()
    trainer = make_trainer(callbacks=[callback])
    trainer.fit(module, DataLoader(torch.tensor([99.0, 2.0, 3.0]), batch_size=3))
    assert callback.sent[0] == {}
    assert callback.outputs[0]["last"] == 3.0
    loop: Any = trainer.fit_loop.epoch_loop
    assert "run" not in vars(loop.automatic_optimization)
    assert "run" not in vars(loop.manual_optimization)
