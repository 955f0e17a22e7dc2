"""Data loaders over data sets whose items are whole batches."""

from __future__ import annotations

from typing import Any, TypedDict

from practicum.lightning_shim import Trainer
from torchdata.stateful_dataloader import StatefulDataLoader

from ..loading.seeded_sampler import SeededSampler
from .bptt_windows import BPTTWindows
from .document_batches import DocumentBatches


def batch_loader(dataset: BPTTWindows | DocumentBatches, seed: int) -> StatefulDataLoader[Any]:
    """Return a resumable loader that yields the data set's batches in order.

    The data set itself divides the work among processes, so the sampler goes through all of it.
    """
    return StatefulDataLoader(dataset, batch_size=None, sampler=SeededSampler(dataset, shuffle=False, seed=seed))


class Process(TypedDict):
    """Which of the processes of a training this is."""

    rank: int
    world_size: int


def process_of(trainer: Trainer | None) -> Process:
    """Return this process's rank and the number of processes; a single one without a trainer."""
    return Process(rank=trainer.global_rank, world_size=trainer.world_size) if trainer else Process(rank=0, world_size=1)
