"""Batches as the module's steps receive them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, Trainer, part_of
from torch import Tensor


def to_device(trainer: Trainer, pl_module: LightningModule, batch: Any) -> Any:
    """Return a batch as a step receives it: in the trainer's precision, transformed by the module's hooks, on its device."""
    batch = trainer.precision_plugin.convert_input(batch)
    batch = pl_module._on_before_batch_transfer(batch, dataloader_idx=0)
    return part_of(trainer, "trainer.call")._call_strategy_hook(trainer, "batch_to_device", batch, dataloader_idx=0)


def inputs_of(batch: Any) -> Any:
    """Return what ``forward`` takes of a batch: its first element if it is a list or tuple, else all of it."""
    return batch[0] if isinstance(batch, list | tuple) else batch


def is_same(x: Any, inputs: Any) -> bool:
    """Return whether a tensor is the inputs of a batch, or equal to them."""
    if x is inputs:
        return True
    alike = isinstance(x, Tensor) and isinstance(inputs, Tensor) and x.shape == inputs.shape and x.dtype == inputs.dtype
    return alike and torch.equal(x, inputs)


def first_tensor(nest: Any) -> Tensor:
    """Return the first tensor of a nest of sequences and mappings."""
    while not isinstance(nest, Tensor):
        nest = next(iter(nest.values() if isinstance(nest, Mapping) else nest))
    return nest
