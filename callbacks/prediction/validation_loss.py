"""The validation data of a test's callbacks, and the log-loss of what they would predict there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from practicum.lightning_shim import MisconfigurationException, Trainer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy


def validation_loader(trainer: Trainer, asks: str) -> Callable[[], Any]:
    """Return ``val_dataloader`` of the trainer's data module.

    Args:
        trainer: Of the test.
        asks: The callback's option that needs it, for the message.

    Raises:
        MisconfigurationException: There is none.
    """
    data = getattr(trainer, "datamodule", None)
    loader = getattr(data, "val_dataloader", None)
    owners = [data, *(kind for kind in type(data).__mro__ if not _is_lightnings(kind))]
    if not callable(loader) or not any("val_dataloader" in vars(owner) for owner in owners):
        raise MisconfigurationException(f"{asks} needs a data module with val_dataloader().")
    return loader


def batches_of(loaders: Any) -> Iterable[Any]:
    """Iterate over the batches of one loader, or of several in a list."""
    return chain.from_iterable(loaders if isinstance(loaders, list | tuple) else [loaders])


def summed_log_loss(logits: Tensor, target: Tensor) -> float:
    """Return the log-loss summed over rows, in double precision.

    Args:
        logits: ``[N, classes]``.
        target: Classes ``int64 [N]``, or for multi-label a 0/1 matrix ``[N, classes]``.
    """
    if target.ndim == 1:
        return float(cross_entropy(logits.double(), target, reduction="sum"))
    return float(binary_cross_entropy_with_logits(logits.double(), target.double(), reduction="sum")) / logits.shape[-1]


def _is_lightnings(kind: type) -> bool:
    """Whether a class is Lightning's own: its data modules have a ``val_dataloader`` that only raises."""
    return kind.__module__.partition(".")[0] in ("lightning", "pytorch_lightning")
