"""Objects of every process."""

from __future__ import annotations

from typing import Any, TypeVar

import torch.distributed
from practicum.lightning_shim import Trainer

T = TypeVar("T")


def gather_objects(trainer: Trainer, mine: T) -> list[T]:
    """What each process gives, in the order of their ranks. Called on all of them.

    Args:
        trainer: Whose processes.
        mine: Of this process; can be pickled.
    """
    if trainer.world_size == 1:
        return [mine]
    everyone: list[Any] = [None] * trainer.world_size
    torch.distributed.all_gather_object(everyone, mine)
    return everyone
