"""fastai's own loop over batches that are ready, where fastai is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from gpu_parts.measure import Blocks, Clock, Ready, Setting, peak_memory
from gpu_parts.results import Found


def fastai_rate(
    setting: Setting,
    size: Blocks,
    items: int,
    net: nn.Module,
    batches: Sequence[tuple[Any, ...]],
    loss: Callable[..., Tensor],
    callbacks: Sequence[Any] = (),
) -> Found | str:
    """Items per second of ``fit_one_cycle``, in bfloat16 on a GPU; a sentence if there is no fastai.

    Args:
        setting: The device.
        size: How many steps.
        items: Items in a step.
        net: The network.
        batches: Batches on the device.
        loss: The loss of outputs and targets.
        callbacks: More of fastai's callbacks.
    """
    if find_spec("fastai") is None:
        return "fastai is not installed here"
    from fastai.callback.core import Callback
    from fastai.callback.fp16 import MixedPrecision
    from fastai.callback.schedule import Learner
    from fastai.data.core import DataLoaders

    found: Found = {}
    clock = Clock(setting, size)

    class Tick(Callback):
        order = 100

        def after_batch(self) -> None:
            clock.tick()

    with peak_memory(setting, found):
        torch.manual_seed(1)
        loaders = DataLoaders(_Loader(batches, size.total), _Loader(batches, 0), device=setting.device)
        cbs = [*callbacks, *([MixedPrecision(amp_mode="bf16")] if setting.gpu else [])]
        learner = Learner(loaders, net.to(setting.device), loss_func=loss, cbs=cbs)
        with learner.no_bar(), learner.no_logging():
            learner.fit_one_cycle(1, 1e-3, cbs=[Tick()])
        del learner
    return {**clock.rates(items), **found}


class _Loader(Ready):
    """With what fastai asks of a loader."""

    device: Any = None

    def to(self, device: Any) -> _Loader:
        self.device = device
        return self
