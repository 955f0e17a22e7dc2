"""Objects gathered from all processes."""

from __future__ import annotations

from typing import Any, TypeVar

import torch.distributed
from practicum.lightning_shim import Trainer

T = TypeVar("T")


def gather_objects(trainer: Trainer, mine: T) -> list[T]:
    """Return the object of each process, in the order of their ranks. All processes must call it.

    Args:
        trainer: Of the processes.
        mine: This process's object; must be picklable.
    """
    if trainer.world_size == 1:
        return [mine]
    everyone: list[Any] = [None] * trainer.world_size
    torch.distributed.all_gather_object(everyone, mine)
    return everyone
