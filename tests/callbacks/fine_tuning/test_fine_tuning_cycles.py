"""FineTuningCycles: a cycle where layers are unfrozen, one for what is not fine-tuned, the same after a resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from practicum.callbacks import FineTuningCycles, GradualUnfreezing, OneCycle
from practicum.callbacks.schedules.lr_schedule import TrainingLength
from practicum.lightning_shim import Callback, MisconfigurationException, Trainer

from .test_gradual_unfreezing import GROUPS, Foreign, loader


class Rates(Callback):
    def __init__(self) -> None:
        self.rates: list[float] = []

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.rates.append(max(group["lr"] for group in trainer.optimizers[0].param_groups))


def rates_of(make_trainer: Callable[..., Trainer], *callbacks: Callback, pretrained: bool = True) -> list[float]:
    spy, module = Rates(), Foreign(lambda m: torch.optim.SGD(m.parameters(), lr=1.0, momentum=0.9))
    module.pretrained = pretrained
    make_trainer(max_epochs=4, callbacks=[*callbacks, spy]).fit(module, loader())
    return spy.rates


def test_each_part_is_a_one_cycle_of_its_own() -> None:
    rates = FineTuningCycles(at=[0.5], lr_div=50).simulate(steps=40, steps_per_epoch=10, lr=1.0)
    one = OneCycle().simulate(steps=20, lr=1.0)
    assert rates == pytest.approx([*one, *(rate / 50 for rate in one)])
    thirds = FineTuningCycles(at=[1, 2], lr_div=10).simulate(steps=30, steps_per_epoch=10, lr=1.0)
    assert thirds[20:] == pytest.approx([rate / 100 for rate in OneCycle().simulate(steps=10, lr=1.0)])
    momenta = [FineTuningCycles(at=[0.5]).momentum(step, TrainingLength(10, 40)) for step in (0, 5, 20, 25)]
    assert momenta == pytest.approx([0.95, 0.85, 0.95, 0.85])


def test_cycles_begin_where_layers_are_unfrozen(make_trainer: Callable[..., Trainer]) -> None:
    rates = rates_of(make_trainer, GradualUnfreezing(at=[0.5], groups=GROUPS), FineTuningCycles(lr_div=10))
    one = OneCycle().simulate(steps=6, lr=1.0)
    assert rates == pytest.approx([*one, *(rate / 10 for rate in one)])


def test_without_fine_tuning_there_is_one_cycle(make_trainer: Callable[..., Trainer]) -> None:
    one = OneCycle().simulate(steps=12, lr=1.0)
    assert rates_of(make_trainer, FineTuningCycles()) == pytest.approx(one)
    unfreezing = GradualUnfreezing(at=[0.5], groups=GROUPS)
    assert rates_of(make_trainer, unfreezing, FineTuningCycles(), pretrained=False) == pytest.approx(one)
    assert rates_of(make_trainer, GradualUnfreezing(at=[], groups=GROUPS), FineTuningCycles()) == pytest.approx(one)


@pytest.mark.parametrize(("options", "message"), [({"lr_div": 0.5}, "lr_div=0.5"), ({"at": [0.5, 0.1]}, "at=")])
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(MisconfigurationException, match=f"FineTuningCycles: {message}"):
        FineTuningCycles(**options)
