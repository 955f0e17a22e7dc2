"""What callbacks need of a recommender's module and data module."""

from __future__ import annotations

from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor


def require_recommender(
    trainer: Trainer,
    pl_module: LightningModule,
    callback: str,
    module_has: tuple[str, ...] = (),
    data_has: tuple[str, ...] = (),
) -> tuple[Any, Any]:
    """Return the module and the data module of a recommender.

    Every callback needs ``scores`` and ``item_count`` of the module, and ``pairs`` and ``tests_on`` of the data module.

    Args:
        trainer: Has the data module.
        pl_module: The module.
        callback: Name of the callback, for the message.
        module_has: Further attributes that the module must have.
        data_has: Further attributes that the data module must have.

    Raises:
        MisconfigurationException: An attribute is missing.
    """
    data: Any = getattr(trainer, "datamodule", None)
    wanted = [(pl_module, name) for name in ("scores", "item_count", *module_has)]
    wanted += [(data, name) for name in ("pairs", "tests_on", *data_has)]
    for owner, name in wanted:
        if not hasattr(owner, name):
            raise MisconfigurationException(f"{callback} needs {type(owner).__name__}.{name}.")
    return pl_module, data


def seen_pairs(data: Any) -> tuple[Tensor, Tensor]:
    """Return the pairs that a user has before the held-out ones ``int64 [N]`` each: training's, and where a test is held out
    beside validation, validation's, too. No list of a test should hold an item that is known by then.

    Args:
        data: A data module with ``pairs`` and ``tests_on``.
    """
    parts = [data.pairs(split) for split in ("train", *(("valid",) if data.tests_on == "test" else ()))]
    users, items = (torch.cat(each) for each in zip(*parts, strict=True))
    return users, items
