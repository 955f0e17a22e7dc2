"""Batches split along time, as Lightning did until 2.0 (``truncated_bptt_steps``)."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from ..trainer_internals.gather import gather_objects
from ..trainer_internals.torch_names import tree_map

_OWN = "give the module a method tbptt_split_batch(batch, split) that returns the parts"


def parts_of_batch(trainer: Trainer, pl_module: Any, batch: Any, split: int, time_dim: int) -> list[tuple[Any, int]]:
    """Return the parts of a training batch with their weights: steps, or 1 for parts that the module makes itself.

    Args:
        trainer: Of the training; with several processes all must call it.
        pl_module: Its ``tbptt_split_batch(batch, split)`` is called where it has that.
        batch: Any nest of tensors.
        split: Steps of a part.
        time_dim: Dimension of time.

    Raises:
        MisconfigurationException: Gradients are accumulated; processes have different numbers of parts; or see
            :func:`split_in_time`.
    """
    if trainer.accumulate_grad_batches != 1:
        raise MisconfigurationException(
            "TruncatedBPTT: split makes a step for each part of a batch; accumulate_grad_batches="
            f"{trainer.accumulate_grad_batches} would make one for several batches: leave it at 1, or split out."
        )
    if callable(own := getattr(pl_module, "tbptt_split_batch", None)):
        parts = [(part, 1) for part in own(batch, split)]
    else:
        parts = list(split_in_time(batch, split, time_dim))
    counts = set(gather_objects(trainer, len(parts)))
    if len(counts) > 1:
        raise MisconfigurationException(
            f"TruncatedBPTT: split: the processes' batches have {' and '.join(map(str, sorted(counts)))} parts, so one would "
            "wait for another forever; pad batches to the same length."
        )
    return parts


def split_in_time(batch: Any, length: int, time_dim: int = 1) -> Iterator[tuple[Any, int]]:
    """Yield the parts of a batch along time, and how many steps each has.

    Tensors of two or more dimensions are cut; all of them must be equally long. Others, such as a class of each row ``[B]``, go
    with every part.

    Args:
        batch: Any nest of tensors, such as ``(x [B, T, F], y [B, T])``.
        length: Steps of a part; the last one may be shorter.
        time_dim: Dimension of time, 1 for ``[B, T, ...]`` and 0 for ``[T, B, ...]``.

    Raises:
        MisconfigurationException: No tensor has time steps, they differ in length, or a sequence is packed.

    Example:
        >>> import torch
        >>> from practicum.callbacks.recurrent.split_batch import split_in_time
        >>> batch = {"x": torch.zeros(4, 600, 2), "y": torch.zeros(4, 600), "of_row": torch.zeros(4)}
        >>> [(tuple(part["x"].shape), tuple(part["of_row"].shape)) for part, _ in split_in_time(batch, 250)]
        [((4, 250, 2), (4,)), ((4, 250, 2), (4,)), ((4, 100, 2), (4,))]
    """
    lengths: set[int] = set()

    def look(part: Any) -> None:
        if isinstance(part, PackedSequence):
            raise MisconfigurationException(f"TruncatedBPTT: split can't cut a packed sequence; pad the batch, or {_OWN}.")
        if _has_time(part):
            lengths.add(part.shape[time_dim])

    tree_map(look, batch, is_leaf=_is_packed)
    if len(lengths) != 1:
        found = f"tensors of {' and '.join(map(str, sorted(lengths)))} steps" if lengths else "no tensor [B, T, ...]"
        raise MisconfigurationException(f"TruncatedBPTT: split: the batch holds {found} along time_dim={time_dim}; {_OWN}.")
    (steps,) = lengths
    for start in range(0, steps, length):
        size = min(length, steps - start)
        yield tree_map(lambda part, at=start, n=size: part.narrow(time_dim, at, n) if _has_time(part) else part, batch), size


def takes_hiddens(pl_module: LightningModule, required: bool = False) -> bool:
    """Return whether ``training_step`` has an argument ``hiddens``, as in Lightning 1.

    Args:
        pl_module: The module.
        required: Whether the argument must be without a default.
    """
    found = inspect.signature(pl_module.training_step).parameters.get("hiddens")
    return found is not None and (not required or found.default is inspect.Parameter.empty)


def _has_time(part: Any) -> bool:
    return isinstance(part, Tensor) and part.ndim >= 2


def _is_packed(part: Any) -> bool:
    return isinstance(part, PackedSequence)
