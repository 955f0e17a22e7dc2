"""Loaders of data sets whose items are whole batches, and which process of a training this is."""

from __future__ import annotations

from typing import Any, TypedDict

from practicum.lightning_shim import Trainer
from torchdata.stateful_dataloader import StatefulDataLoader

from .seeded_sampler import SeededSampler


def batch_loader(dataset: Any, seed: int = 1) -> StatefulDataLoader[Any]:
    """Return a resumable loader that yields the data set's batches in order.

    Args:
        dataset: It shuffles and takes its process's share itself, so the sampler goes through all of it.
        seed: Of a data set that shuffles.
    """
    return StatefulDataLoader(dataset, batch_size=None, sampler=SeededSampler(dataset, shuffle=False, seed=seed))


class Process(TypedDict):
    """Which of the processes of a training this is."""

    rank: int
    world_size: int


def process_of(trainer: Trainer | None) -> Process:
    """Return this process's rank and the number of processes; a single one without a trainer."""
    return Process(rank=trainer.global_rank, world_size=trainer.world_size) if trainer else Process(rank=0, world_size=1)
