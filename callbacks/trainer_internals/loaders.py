"""A trainer's loaders: their state, and clones that read the same data without moving the originals."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from practicum.lightning_shim import Trainer, classes
from torch.utils.data import DataLoader

from .object_snapshot import Restore, snapshot
from .torch_names import tree_map


def train_loaders(trainer: Trainer) -> list[Any]:
    """Return the loaders that the present fit reads."""
    combined = trainer.fit_loop._combined_loader
    return [] if combined is None else combined.flattened


def eval_loaders(trainer: Trainer) -> Any:
    """Return the combined loader that the present test or prediction reads."""
    loop: Any = trainer.test_loop if trainer.testing else trainer.predict_loop
    return loop._combined_loader


def steps_take_iterator(trainer: Trainer) -> bool:
    """Return whether ``training_step`` takes ``dataloader_iter`` instead of a batch."""
    return isinstance(trainer.fit_loop._data_fetcher, classes("loops.fetchers._DataLoaderIterDataFetcher"))


def parts_of(loader: Any) -> list[Any]:
    """Return a loader, its samplers and its data sets: the objects that hold positions and random number generators."""
    found: list[Any] = [loader, *data_sets_of(loader)]
    for sampler in (getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None)):
        found += [sampler, getattr(sampler, "sampler", None)]
    found = [each for each in found if hasattr(each, "__dict__") and not isinstance(each, type)]
    return list({id(each): each for each in found}.values())


def data_sets_of(loader: Any) -> list[Any]:
    """Return a loader's data set and those within it: of a ``Subset`` (``random_split``), of a ``ConcatDataset``."""
    found: dict[int, Any] = {}
    inner = [getattr(loader, "dataset", None)]
    while inner:
        data = inner.pop()
        if hasattr(data, "__dict__") and id(data) not in found:
            found[id(data)] = data
            inner += [vars(data).get("dataset"), *_listed(vars(data).get("datasets"))]
    return list(found.values())


def _listed(data_sets: Any) -> list[Any]:
    return list(data_sets) if isinstance(data_sets, list | tuple) else []


def generators_of(loader: Any) -> list[torch.Generator]:
    """Return torch's generators in the parts of a loader, each once, in a fixed order."""
    found = [value for part in parts_of(loader) for value in vars(part).values() if isinstance(value, torch.Generator)]
    return list({id(each): each for each in found}.values())


def snapshot_loader(loader: Any, seen: dict[int, Restore]) -> list[Restore]:
    """Snapshot a loader.

    Samplers are copied with all that they hold; of the data set only generators and numbers are, not the data themselves.

    Args:
        loader: The loader.
        seen: Restorers by ``id`` of what has been copied already; see :func:`.snapshot`.
    """
    kept: list[Restore] = []
    data = data_sets_of(loader)
    of_data = {id(each) for each in data}
    for each in data:
        seen.setdefault(id(each), functools.partial(_itself, each))
    for part in parts_of(loader):
        is_data = id(part) in of_data
        if is_data or isinstance(part, DataLoader):
            kept += [snapshot(value, contents=False, seen=seen) for value in vars(part).values()]
            if is_data:
                kept.append(_snapshot_numbers(part))
        else:
            kept.append(snapshot(vars(part), seen=seen))
    return kept


def _itself(value: Any) -> Any:
    return value


def _snapshot_numbers(owner: Any) -> Restore:
    numbers = {key: value for key, value in vars(owner).items() if value is None or isinstance(value, bool | int | float | str)}

    def restore() -> None:
        vars(owner).update(numbers)

    return restore


def endless_batches(trainer: Trainer, on_pass: Callable[[], None]) -> Iterator[Any]:
    """Yield training batches from clones of the trainer's loaders, pass after pass; its own loaders do not move.

    Args:
        trainer: In the middle of a fit.
        on_pass: Called at the start of each pass over the data.

    Yields:
        Batches as the loaders return them, not yet on the device. Ends only if there are none at all.
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
    """Return a combined loader of the same data with iterators, and workers, of its own."""
    clones = type(combined)(tree_map(_clone, combined.iterables), combined._mode)
    clones.limits = combined.limits
    return clones


def _clone(loader: Any) -> Any:
    if not isinstance(loader, DataLoader):
        return loader
    clone = copy.copy(loader)
    vars(clone)["_iterator"] = None
    vars(clone)["batch_sampler"] = copy.copy(loader.batch_sampler)  # Lightning's, in predictions, is its own iterator
    for key, value in {"next_iter_state": None, "_initial_iter_for_state_dict": False}.items():  # torchdata's
        if key in vars(clone):
            vars(clone)[key] = value
    return clone
