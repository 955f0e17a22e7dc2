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
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from practicum.lightning_shim import Callback, LightningModule, Trainer, classes, part_of
from torch import Tensor
from torch.nn.parameter import is_lazy
from torch.utils._pytree import tree_map
from torch.utils.data import DataLoader

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

_PLAIN = {bool, int, float, complex, str, bytes, type(None)}

Restore = Callable[[], Any]


def keep(value: Any, contents: bool = True, seen: dict[int, Restore] | None = None) -> Restore:
    """Copy what ``value`` holds now; the function returned puts it back into the same object.

    Goes into lists, dictionaries, sets, queues and tuples; copies tensors and arrays; saves generators of random numbers. Objects
    of other kinds are kept by reference only.

    Args:
        value: Anything.
        contents: Copy tensors, arrays and collections; ``False`` takes only generators of random numbers into account.
        seen: Restorers by ``id`` of what has been kept already: what is shared is copied once.
    """
    seen = {} if seen is None else seen
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | type):
        return lambda: value
    if id(value) in seen:
        return seen[id(value)]
    restore: Restore = lambda: value  # noqa: E731
    seen[id(value)] = lambda: value  # within its own members
    if isinstance(value, torch.Generator):
        state = value.get_state()
        restore = _then(value, lambda: value.set_state(state))
    elif isinstance(value, random.Random):
        drawn = value.getstate()
        restore = _then(value, lambda: value.setstate(drawn))
    elif isinstance(value, np.random.Generator):
        bits = copy.deepcopy(value.bit_generator.state)
        restore = _then(value, lambda: setattr(value.bit_generator, "state", bits))
    elif isinstance(value, np.random.RandomState):
        legacy = value.get_state()
        restore = _then(value, lambda: value.set_state(legacy))
    elif contents and isinstance(value, Tensor):
        restore = _keep_tensor(value)
    elif contents and isinstance(value, np.ndarray):
        array = value.copy()
        restore = _then(value, lambda: np.copyto(value, array))
    elif contents and isinstance(value, list) and all(type(member) in _PLAIN for member in value):
        plain = value.copy()
        restore = _then(value, lambda: value.__setitem__(slice(None), plain))
    elif contents and isinstance(value, dict):
        members = {key: keep(member, contents, seen) for key, member in value.items()}
        restore = _then(value, lambda: _refill(value, members))
    elif contents and isinstance(value, list | deque):
        items = [keep(member, contents, seen) for member in value]
        restore = _then(value, lambda: (value.clear(), value.extend([item() for item in items])))
    elif contents and isinstance(value, set):
        elements = set(value)
        restore = _then(value, lambda: _refill_set(value, elements))
    elif contents and isinstance(value, tuple):
        parts = [keep(member, contents, seen) for member in value]
        restore = _then(value, lambda: [part() for part in parts])
    seen[id(value)] = restore
    return restore


def _then(value: Any, act: Callable[[], Any]) -> Restore:
    def restore() -> Any:
        act()
        return value

    return restore


def _refill(value: dict[Any, Any], members: dict[Any, Restore]) -> None:
    kept = {key: restore() for key, restore in members.items()}
    value.clear()
    value.update(kept)


def _refill_set(value: set[Any], elements: set[Any]) -> None:
    value.clear()
    value.update(elements)


def _keep_tensor(value: Tensor) -> Restore:
    if is_lazy(value):
        return lambda: value
    saved, gradient = value.detach().clone(), value.grad if value.is_leaf else None

    def restore() -> Tensor:
        value.data.copy_(saved)
        if value.is_leaf:
            value.grad = gradient
        return value

    return restore


def takes_part(callback: Callback) -> bool:
    """Whether a callback may shape a training step: all do but those that only watch (``watches_only = True``)."""
    return not isinstance(callback, _WATCHERS) and not getattr(callback, "watches_only", False)


@contextmanager
def unchanged(trainer: Trainer, pl_module: LightningModule) -> Iterator[None]:
    """Whatever is trained within the block is undone at its end.

    Within it loggers are mute and only callbacks that shape a training step are called.

    Args:
        trainer: In the middle of a fit.
        pl_module: What it trains.
    """
    loop: Any = trainer.fit_loop.epoch_loop
    automatic, manual = loop.automatic_optimization, loop.manual_optimization
    seen: dict[int, Restore] = {}
    restores: list[Restore] = [keep(vars(module), seen=seen) for module in pl_module.modules()]
    restores += [keep(vars(callback), seen=seen) for callback in trainer.callbacks if takes_part(callback)]  # type: ignore[attr-defined]
    for optimizer in trainer.optimizers:
        restores += [keep(optimizer.state, seen=seen), keep(optimizer.param_groups, seen=seen)]
    restores += [keep(vars(config.scheduler), seen=seen) for config in trainer.lr_scheduler_configs]
    if (scaler := getattr(trainer.precision_plugin, "scaler", None)) is not None:
        restores.append(keep(vars(scaler), seen=seen))
    restores.append(keep(vars(trainer._logger_connector), seen=seen))
    assert trainer.fit_loop._combined_loader is not None
    for loader in trainer.fit_loop._combined_loader.flattened:
        restores += _keep_loader(loader, seen)

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


def parts_of(loader: Any) -> list[Any]:
    """A loader, its samplers and its data set: where positions and generators of random numbers are."""
    found: list[Any] = [loader, getattr(loader, "dataset", None)]
    for sampler in (getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None)):
        found += [sampler, getattr(sampler, "sampler", None)]
    found = [each for each in found if hasattr(each, "__dict__") and not isinstance(each, type)]
    return list({id(each): each for each in found}.values())


def generators_of(loader: Any) -> list[torch.Generator]:
    """Torch's generators in the parts of a loader, each once, in a fixed order."""
    found = [value for part in parts_of(loader) for value in vars(part).values() if isinstance(value, torch.Generator)]
    return list({id(each): each for each in found}.values())


def _keep_loader(loader: Any, seen: dict[int, Restore]) -> list[Restore]:
    """Samplers with all that they hold; of the data set generators and numbers, not the data themselves."""
    kept: list[Restore] = []
    data = getattr(loader, "dataset", None)
    seen.setdefault(id(data), lambda: data)
    for part in parts_of(loader):
        if part is data or isinstance(part, DataLoader):
            kept += [keep(value, contents=False, seen=seen) for value in vars(part).values()]
            if part is data:
                kept.append(_keep_numbers(part))
        else:
            kept.append(keep(vars(part), seen=seen))
    return kept


def _keep_numbers(owner: Any) -> Restore:
    numbers = {key: value for key, value in vars(owner).items() if value is None or isinstance(value, bool | int | float | str)}

    def restore() -> None:
        vars(owner).update(numbers)

    return restore


def endless_batches(trainer: Trainer, on_pass: Callable[[], None]) -> Iterator[Any]:
    """Training batches of loaders like the trainer's, again and again; its own loaders stay where they are.

    Args:
        trainer: In the middle of a fit.
        on_pass: Called at the start of each pass over the data.

    Yields:
        Batches as the loaders give them, not yet on the device. Ends only where there are none at all.
    """
    combined = trainer.fit_loop._combined_loader
    assert combined is not None
    first = trainer.current_epoch
    while True:
        siblings = sibling_loaders(combined)
        for loader in siblings.flattened:
            for sampler in (getattr(loader, "sampler", None), getattr(getattr(loader, "batch_sampler", None), "sampler", None)):
                if sampler is not None and callable(getattr(sampler, "set_epoch", None)):
                    sampler.set_epoch(first)
        on_pass()
        iterator = iter(siblings)
        empty = True
        for batch, _, _ in iterator:
            empty = False
            yield batch
        if empty:
            return
        first += 1


def on_device(trainer: Trainer, pl_module: LightningModule, batch: Any) -> Any:
    """A batch as a step is given it: in the right precision, transformed by the module's hooks, on its device."""
    batch = trainer.precision_plugin.convert_input(batch)
    batch = pl_module._on_before_batch_transfer(batch, dataloader_idx=0)
    return part_of(trainer, "trainer.call")._call_strategy_hook(trainer, "batch_to_device", batch, dataloader_idx=0)


def inputs_of(batch: Any) -> Any:
    """What ``forward`` takes of a batch: the first of several, else all of it."""
    return batch[0] if isinstance(batch, list | tuple) else batch


def sibling_loaders(combined: Any) -> Any:
    """Loaders of the same data with iterators, and workers, of their own: reading them leaves the others where they are."""
    siblings = type(combined)(tree_map(_sibling, combined.iterables), combined._mode)
    siblings.limits = combined.limits
    return siblings


def _sibling(loader: Any) -> Any:
    if not isinstance(loader, DataLoader):
        return loader
    sibling = copy.copy(loader)
    vars(sibling)["_iterator"] = None
    vars(sibling)["batch_sampler"] = copy.copy(loader.batch_sampler)  # Lightning's, when it predicts, is its own iterator
    for key, value in {"next_iter_state": None, "_initial_iter_for_state_dict": False}.items():  # of torchdata's
        if key in vars(sibling):
            vars(sibling)[key] = value
    return sibling
