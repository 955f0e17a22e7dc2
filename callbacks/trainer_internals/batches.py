"""Batches as a step of the module is given them."""

from __future__ import annotations

from typing import Any

from practicum.lightning_shim import LightningModule, Trainer, part_of


def to_device(trainer: Trainer, pl_module: LightningModule, batch: Any) -> Any:
    """A batch as a step is given it: in the right precision, transformed by the module's hooks, on its device."""
    batch = trainer.precision_plugin.convert_input(batch)
    batch = pl_module._on_before_batch_transfer(batch, dataloader_idx=0)
    return part_of(trainer, "trainer.call")._call_strategy_hook(trainer, "batch_to_device", batch, dataloader_idx=0)


def inputs_of(batch: Any) -> Any:
    """What ``forward`` takes of a batch: the first of several, else all of it."""
    return batch[0] if isinstance(batch, list | tuple) else batch
