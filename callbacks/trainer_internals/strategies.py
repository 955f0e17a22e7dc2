"""What callbacks need to know of a trainer's strategy."""

from __future__ import annotations

from typing import Any

from practicum.lightning_shim import Trainer, classes


def allows_unused_parameters(trainer: Trainer) -> bool:
    """Return whether parameters may take no part in a backward pass; only DDP may refuse that."""
    strategy: Any = trainer.strategy
    return not isinstance(strategy, classes("strategies.DDPStrategy")) or bool(strategy._ddp_kwargs.get("find_unused_parameters"))
