"""Training steps that leave no trace: everything they touch is put back as it was, also after an error.

**What it does.** Keeps a copy of what a training step may change (weights, buffers, gradients, states of metrics and
attributes of the module; optimizer and schedulers; callbacks; random number generators, those of loaders, samplers and data
sets among them; the trainer's counters, results and loggers), and puts all of it back in place.

**When to use it.** For trials within a training: a range test, a search for the largest batch.

**What it can't put back**: what a step writes to files, and what hides in objects of other kinds, such as the buffer of a data
set that streams. Memory: one copy of weights and optimizer.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, Trainer, classes, part_of

from .loaders import snapshot_loader
from .object_snapshot import Restore, snapshot
from .rng_state import random_state, set_random_state

# Callbacks of Lightning that watch a training and have no part in its steps.
_WATCHERS = tuple(
    each
    for name in (
        "Checkpoint",
        "DeviceStatsMonitor",
        "EarlyStopping",
        "LearningRateMonitor",
        "ModelSummary",
        "ProgressBar",
        "Timer",
        "WeightAveraging",
    )
    for each in classes(f"callbacks.{name}")
)


def takes_part(callback: Callback) -> bool:
    """Whether a callback may shape a training step: all do but those that only watch (``watches_only = True``)."""
    return not isinstance(callback, _WATCHERS) and not getattr(callback, "watches_only", False)


@contextmanager
def isolate_training(trainer: Trainer, pl_module: LightningModule) -> Iterator[None]:
    """Whatever is trained within the block is undone at its end.

    Within it loggers are mute and only callbacks that shape a training step are called.

    Args:
        trainer: In the middle of a fit.
        pl_module: What it trains.
    """
    loop: Any = trainer.fit_loop.epoch_loop
    automatic, manual = loop.automatic_optimization, loop.manual_optimization
    seen: dict[int, Restore] = {}
    restores: list[Restore] = [snapshot(vars(module), seen=seen) for module in pl_module.modules()]
    restores += [snapshot(vars(callback), seen=seen) for callback in trainer.callbacks if takes_part(callback)]  # type: ignore[attr-defined]
    for optimizer in trainer.optimizers:
        restores += [snapshot(optimizer.state, seen=seen), snapshot(optimizer.param_groups, seen=seen)]
    restores += [snapshot(vars(config.scheduler), seen=seen) for config in trainer.lr_scheduler_configs]
    if (scaler := getattr(trainer.precision_plugin, "scaler", None)) is not None:
        restores.append(snapshot(vars(scaler), seen=seen))
    restores.append(snapshot(vars(trainer._logger_connector), seen=seen))
    assert trainer.fit_loop._combined_loader is not None
    for loader in trainer.fit_loop._combined_loader.flattened:
        restores += snapshot_loader(loader, seen)

    places: list[tuple[Any, str, Any]] = [
        (loop, "batch_progress", copy.deepcopy(loop.batch_progress)),
        (automatic, "optim_progress", copy.deepcopy(automatic.optim_progress)),
        (manual, "optim_step_progress", copy.deepcopy(manual.optim_step_progress)),
        (loop, "_results", type(loop._results)(training=True)),
        (trainer, "should_stop", trainer.should_stop),
        (trainer, "loggers", [part_of(trainer, "loggers.logger").DummyLogger() for _ in trainer.loggers]),
        (trainer, "callbacks", [callback for callback in trainer.callbacks if takes_part(callback)]),  # type: ignore[attr-defined]
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
    gradients = torch.is_grad_enabled()
    draws = random_state()
    try:
        for owner, name, stand_in in places:
            setattr(owner, name, stand_in)
        for parameter in pl_module.parameters():
            parameter.grad = None
        yield
    finally:
        torch.set_grad_enabled(gradients)
        for owner, name, original in before:
            setattr(owner, name, original)
        with torch.no_grad():
            for restore in restores:
                restore()
        set_random_state(draws)
