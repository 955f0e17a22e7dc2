"""Training steps that leave no trace: everything they change is restored, also after an error.

**What it does.** Snapshots what a training step may change (weights, buffers, gradients, metric states and attributes of the
module; optimizer and schedulers; callbacks; random number generators, including those of loaders, samplers and data sets; the
trainer's counters, results and loggers), and restores all of it in place.

**When to use it.** For trials within a fit: a range test, a search for the largest batch.

**Limits.** It does not restore files that a step writes, nor the contents of other kinds of objects, such as the buffer of a
streaming data set. Memory: one copy of weights and optimizer state.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from practicum.lightning_shim import Callback, LightningModule, Trainer, classes, part_of

from ..roles import OutsideTrials
from .loaders import snapshot_loader, train_loaders
from .object_snapshot import Restore, snapshot
from .private_names import check_private_names
from .rng_state import random_state, set_random_state

# Lightning's callbacks that only watch.
_WATCHERS = tuple(
    each
    for name in (
        "Checkpoint",
        "DeviceStatsMonitor",
        "EarlyStopping",
        "LearningRateMonitor",
        "ModelSummary",
        "ProgressBar",
        "ThroughputMonitor",
        "Timer",
        "WeightAveraging",
    )
    for each in classes(f"callbacks.{name}")
)
# A bar whose own thread draws it all the time, and asks the trainer for it.
_BAR_WITH_A_THREAD = classes("callbacks.RichProgressBar")


def takes_part(callback: Callback) -> bool:
    """Return whether a callback may shape a training step: all but :class:`.OutsideTrials` and Lightning's own watchers."""
    return not isinstance(callback, (OutsideTrials, *_WATCHERS))


@contextmanager
def isolate_training(trainer: Trainer, pl_module: LightningModule) -> Iterator[None]:
    """Undo at the end of the block whatever is trained within it.

    Within it nothing is logged, and only callbacks that may shape a training step are called.

    Args:
        trainer: In the middle of a fit.
        pl_module: The module that it trains.

    Raises:
        MisconfigurationException: This version of Lightning, torch or torchdata lacks a private name that this relies on.
    """
    check_private_names(trainer, "isolate_training.py", "loaders.py")
    loop: Any = trainer.fit_loop.epoch_loop
    automatic, manual = loop.automatic_optimization, loop.manual_optimization
    seen: dict[int, Restore] = {}
    restores: list[Restore] = [snapshot(vars(module), seen=seen) for module in pl_module.modules()]
    callbacks = [each for each in trainer.callbacks if takes_part(each)]  # type: ignore[attr-defined]
    restores += [snapshot(vars(callback), seen=seen) for callback in callbacks]
    for optimizer in trainer.optimizers:
        restores += [snapshot(optimizer.state, seen=seen), snapshot(optimizer.param_groups, seen=seen)]
    restores += [snapshot(vars(config.scheduler), seen=seen) for config in trainer.lr_scheduler_configs]
    if (scaler := getattr(trainer.precision_plugin, "scaler", None)) is not None:
        restores.append(snapshot(vars(scaler), seen=seen))
    restores.append(snapshot(vars(trainer._logger_connector), seen=seen))
    for loader in train_loaders(trainer):
        restores += snapshot_loader(loader, seen)

    bars = [each for each in trainer.callbacks if isinstance(each, _BAR_WITH_A_THREAD) and each.is_enabled]  # type: ignore[attr-defined]
    replacements: list[tuple[Any, str, Any]] = [
        (loop, "batch_progress", copy.deepcopy(loop.batch_progress)),
        (automatic, "optim_progress", copy.deepcopy(automatic.optim_progress)),
        (manual, "optim_step_progress", copy.deepcopy(manual.optim_step_progress)),
        (loop, "_results", type(loop._results)(training=True)),
        (trainer, "should_stop", trainer.should_stop),
        (trainer, "loggers", [part_of(trainer, "loggers.logger").DummyLogger() for _ in trainer.loggers]),
        (trainer, "callbacks", [*callbacks, *bars]),
    ]
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in replacements]
    gradients = torch.is_grad_enabled()
    rng_state = random_state()
    try:
        for owner, name, replacement in replacements:
            setattr(owner, name, replacement)
        for parameter in pl_module.parameters():
            parameter.grad = None
        for bar in bars:
            bar.disable()
        yield
    finally:
        for bar in bars:
            bar.enable()
        torch.set_grad_enabled(gradients)
        for owner, name, original in before:
            setattr(owner, name, original)
        with torch.no_grad():
            for restore in restores:
                restore()
        set_random_state(rng_state)
