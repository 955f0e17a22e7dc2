"""The validation data of a test's callbacks, and the log-loss of what they would predict there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from practicum.lightning_shim import MisconfigurationException, Trainer
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy


def validation_loader(trainer: Trainer, asks: str) -> Callable[[], Any]:
    """Return ``val_dataloader`` of the trainer's data module, for a test that finds something there.

    Args:
        trainer: Of the test, or of the fit before it.
        asks: The callback's option that needs it, for the message.

    Raises:
        MisconfigurationException: There is none, or there will be no test.
    """
    if trainer.limit_test_batches == 0:
        raise MisconfigurationException(f"{asks} needs a test, which limit_test_batches=0 leaves out.")
    data = getattr(trainer, "datamodule", None)
    loader = getattr(data, "val_dataloader", None)
    owners = [data, *(kind for kind in type(data).__mro__ if not _is_lightnings(kind))]
    if not callable(loader) or not any("val_dataloader" in vars(owner) for owner in owners):
        raise MisconfigurationException(f"{asks} needs a data module with val_dataloader().")
    return loader


def validation_batches(trainer: Trainer, asks: str) -> Iterator[Any]:
    """Iterate over the validation data, over as much of them as ``limit_val_batches`` lets a validation read.

    Args:
        trainer: Of the test.
        asks: The callback's option that needs them, for the message.

    Raises:
        MisconfigurationException: There is no ``val_dataloader``, or it fails.
    """
    make = validation_loader(trainer, asks)
    try:
        loaders = make()
    except AttributeError as error:
        raise MisconfigurationException(
            f'{asks}: val_dataloader() failed in a test ({error}); the data module\'s setup("test") must set up validation, too.'
        ) from error
    for loader in _flat(loaders):
        yield from islice(loader, _count(trainer.limit_val_batches, loader))


def inputs_and_target(batch: Any, asks: str) -> tuple[Tensor, Tensor]:
    """Return inputs and targets of a batch ``(x, y, ...)``.

    Raises:
        MisconfigurationException: It is something else.
    """
    if not (isinstance(batch, list | tuple) and len(batch) >= 2 and all(isinstance(each, Tensor) for each in batch[:2])):
        raise MisconfigurationException(f"{asks} needs batches (x, y) of tensors; the data's are a {type(batch).__name__}.")
    return batch[0], batch[1]


def summed_log_loss(logits: Tensor, target: Tensor, multi_label: bool, asks: str) -> float:
    """Return the log-loss summed over rows, in double precision.

    Args:
        logits: ``[..., classes]``.
        target: Classes ``[...]``, probabilities of classes ``[..., classes]``, or for multi-label a 0/1 matrix of that shape.
        multi_label: Whether each class is a prediction of its own; then the mean over classes is summed.
        asks: The callback's option that needs it, for the message.

    Raises:
        MisconfigurationException: The target has another shape.
    """
    logits, target = logits.detach().cpu().double(), target.detach().cpu()
    classes = logits.shape[-1]
    if target.numel() not in ((logits.numel(),) if multi_label else (logits.numel(), logits.numel() // classes)):
        raise MisconfigurationException(
            f"{asks}: targets {list(target.shape)} do not fit logits {list(logits.shape)}"
            f"{' of several labels' if multi_label else ''}."
        )
    if multi_label:
        return float(binary_cross_entropy_with_logits(logits, target.reshape(logits.shape).double(), reduction="sum")) / classes
    wanted = target.reshape(-1, classes).double() if target.numel() == logits.numel() else target.reshape(-1).long()
    return float(cross_entropy(logits.reshape(-1, classes), wanted, reduction="sum"))


def _flat(loaders: Any) -> Iterable[Any]:
    """The loaders of what ``val_dataloader`` may return: none, one, a list, a mapping, or Lightning's combination of several."""
    if loaders is None:
        return []
    if hasattr(loaders, "flattened"):
        return list(loaders.flattened)
    if isinstance(loaders, Mapping):
        loaders = list(loaders.values())
    return loaders if isinstance(loaders, list | tuple) else [loaders]


def _count(limit: float, loader: Any) -> int | None:
    """How many batches of a loader are read; ``None``: all."""
    if isinstance(limit, int):
        return limit
    return None if limit == 1.0 else max(1, int(len(loader) * limit))


def _is_lightnings(kind: type) -> bool:
    """Whether a class is Lightning's own: its data modules have a ``val_dataloader`` that only raises."""
    return kind.__module__.partition(".")[0] in ("lightning", "pytorch_lightning")
