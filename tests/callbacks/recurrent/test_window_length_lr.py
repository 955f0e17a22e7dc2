"""Rates in proportion to the window, against steps by hand; and nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from practicum.callbacks import FlatCosine, LRFinder, WindowLengthLR
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer
from torch import Tensor, nn
from torch.utils.data import DataLoader

MakeTrainer = Callable[..., Trainer]
LENGTHS = (6, 4, 12)


class Mean(LightningModule):
    """A linear layer over windows ``[B, T, 2]`` of different lengths."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layer = nn.Linear(2, 1)
        self.grads: list[Tensor] = []
        self.weights: list[Tensor] = []

    def flat(self, grad: bool = False) -> Tensor:
        return torch.cat([(p.grad if grad else p.detach()).flatten().clone() for p in self.parameters()])  # type: ignore[union-attr]

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        return (self.layer(batch[0]) - 1).pow(2).mean()

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        self.weights.append(self.flat())
        self.grads.append(self.flat(grad=True))

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def train_dataloader(self) -> Any:
        generator = torch.Generator().manual_seed(2)
        windows = [(torch.randn(3, length, 2, generator=generator), 0) for length in LENGTHS]
        return DataLoader(windows, batch_size=None)  # type: ignore[arg-type]


def steps(module: Mean) -> list[Tensor]:
    weights = [*module.weights, module.flat()]
    return [before - after for before, after in pairwise(weights)]


def test_each_step_is_scaled_by_its_window(make_trainer: MakeTrainer) -> None:
    module = Mean()
    make_trainer(callbacks=[WindowLengthLR(usual_length=6)], limit_val_batches=0).fit(module)
    for moved, gradient, length in zip(steps(module), module.grads, LENGTHS, strict=True):
        torch.testing.assert_close(moved, 0.1 * length / 6 * gradient)
    assert module.trainer.optimizers[0].param_groups[0]["lr"] == 0.1


def test_accumulated_windows_count_by_their_mean(make_trainer: MakeTrainer) -> None:
    module = Mean()
    make_trainer(callbacks=[WindowLengthLR(usual_length=6)], limit_val_batches=0, accumulate_grad_batches=2).fit(module)
    for moved, gradient, length in zip(steps(module), module.grads, ((6 + 4) / 2, 12), strict=True):
        torch.testing.assert_close(moved, 0.1 * length / 6 * gradient)


def test_a_schedule_continues_beneath_it(make_trainer: MakeTrainer) -> None:
    module, schedule = Mean(), FlatCosine(pct_start=0.0)
    make_trainer(callbacks=[WindowLengthLR(usual_length=6), schedule], limit_val_batches=0).fit(module)
    for moved, gradient, length, rate in zip(steps(module), module.grads, LENGTHS, schedule.simulate(3, lr=0.1), strict=True):
        torch.testing.assert_close(moved, rate * length / 6 * gradient)


def test_time_may_be_another_dimension() -> None:
    assert WindowLengthLR(4, time_dim=0).factor({"x": torch.zeros(2, 8)}) == 0.5


def test_a_range_test_leaves_it_as_it_was(make_trainer: MakeTrainer) -> None:
    ends = []
    for finders in ([], [LRFinder(steps=25, update=False)]):
        module = Mean()
        make_trainer(callbacks=[WindowLengthLR(usual_length=6), *finders], limit_val_batches=0).fit(module)
        ends.append(module.flat())
    assert torch.equal(*ends)


@pytest.mark.parametrize("breaks", [False, True])
def test_the_optimizer_is_left_as_it_was(make_trainer: MakeTrainer, breaks: bool) -> None:
    class Breaks(Callback):
        def on_train_batch_end(self, *args: Any) -> None:
            if breaks:
                raise InterruptedError

    module, callback = Mean(), WindowLengthLR(usual_length=1)
    trainer = make_trainer(callbacks=[callback, Breaks()], limit_val_batches=0)
    if breaks:
        with pytest.raises(InterruptedError):
            trainer.fit(module)
    else:
        trainer.fit(module)
    (optimizer,) = trainer.optimizers
    before = module.flat()
    for parameter in module.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    torch.testing.assert_close(before - module.flat(), torch.full_like(before, 0.1))


def test_a_length_below_one_is_refused() -> None:
    with pytest.raises(MisconfigurationException, match="WindowLengthLR: usual_length=0 must be at least 1"):
        WindowLengthLR(usual_length=0)
