"""Loaders like the trainer's: clones that read the same data and leave the trainer's where they are, and what a loader's state is."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from practicum.lightning_shim import Trainer
from torch.utils._pytree import tree_map
from torch.utils.data import DataLoader

from .object_snapshot import Restore, snapshot


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


def snapshot_loader(loader: Any, seen: dict[int, Restore]) -> list[Restore]:
    """Samplers with all that they hold; of the data set generators and numbers, not the data themselves."""
    kept: list[Restore] = []
    data = getattr(loader, "dataset", None)
    seen.setdefault(id(data), lambda: data)
    for part in parts_of(loader):
        if part is data or isinstance(part, DataLoader):
            kept += [snapshot(value, contents=False, seen=seen) for value in vars(part).values()]
            if part is data:
                kept.append(_snapshot_numbers(part))
        else:
            kept.append(snapshot(vars(part), seen=seen))
    return kept


def _snapshot_numbers(owner: Any) -> Restore:
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
        clones = clone_loaders(combined)
        for loader in clones.flattened:
            for sampler in (getattr(loader, "sampler", None), getattr(getattr(loader, "batch_sampler", None), "sampler", None)):
                if sampler is not None and callable(getattr(sampler, "set_epoch", None)):
                    sampler.set_epoch(first)
        on_pass()
        iterator = iter(clones)
        empty = True
        for batch, _, _ in iterator:
            empty = False
            yield batch
        if empty:
            return
        first += 1


def clone_loaders(combined: Any) -> Any:
    """Loaders of the same data with iterators, and workers, of their own: reading them leaves the others where they are."""
    clones = type(combined)(tree_map(_clone, combined.iterables), combined._mode)
    clones.limits = combined.limits
    return clones


def _clone(loader: Any) -> Any:
    if not isinstance(loader, DataLoader):
        return loader
    clone = copy.copy(loader)
    vars(clone)["_iterator"] = None
    vars(clone)["batch_sampler"] = copy.copy(loader.batch_sampler)  # Lightning's, when it predicts, is its own iterator
    for key, value in {"next_iter_state": None, "_initial_iter_for_state_dict": False}.items():  # of torchdata's
        if key in vars(clone):
            vars(clone)[key] = value
    return clone
