"""Snapshots of the weights at the end of each cycle of the learning rate.

**What it does.** Saves the weights where a cycle ends: where the rate, having fallen, rises again, or where the training ends at
the lowest rate.

**When to use it.** With any schedule that has cycles, for :class:`.SnapshotEnsemble`.

**Sources.** Huang et al. 2017, "Snapshot ensembles: train 1, get M for free", section 3; averaging weights: Izmailov et al. 2018
(SWA), by torch's ``AveragedModel``.
"""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from ..roles import OutsideTrials
from ..trainer_internals.batches import inputs_of, to_device
from ..trainer_internals.loaders import endless_batches
from ..trainer_internals.torch_names import BatchNorm

log = logging.getLogger(__name__)

_SNAPSHOT = re.compile(r"cycle-(\d+)\.ckpt")


class CycleSnapshots(OutsideTrials):
    """Saves ``cycle-1.ckpt``, ``cycle-2.ckpt`` ... at the end of each cycle.

    Works with any LightningModule and any scheduler with cycles.

    Args:
        folder: Where the checkpoints go.
        last: Number of snapshots that are kept: the latest.

    Attributes:
        cycles: Number of cycles that have ended.

    Raises:
        MisconfigurationException: ``last`` is below 1.
    """

    def __init__(self, folder: str | os.PathLike[str], last: int = 5) -> None:
        super().__init__()
        if last < 1:
            raise MisconfigurationException(f"{type(self).__name__}: last={last} must be at least 1.")
        self.folder, self.last = Path(folder), last
        self.cycles = 0
        self._factor: float | None = None  # the latest step's rate divided by the group's initial one
        self._falling = False
        self._lowest = float("inf")  # factor so far
        self._resumed = False

    def state_dict(self) -> dict[str, Any]:
        """Return the number of cycles that have ended, and the course of the rate."""
        return {"cycles": self.cycles, "factor": self._factor, "falling": self._falling, "lowest": self._lowest}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from there."""
        self.cycles, self._factor = state_dict["cycles"], state_dict["factor"]
        self._falling, self._lowest = state_dict["falling"], state_dict["lowest"]

    def snapshots(self) -> list[Path]:
        """Return the latest snapshots, oldest first."""
        numbered = self._numbered()
        return [numbered[number] for number in sorted(numbered)][-self.last :]

    def _numbered(self) -> dict[int, Path]:
        found = ((_SNAPSHOT.fullmatch(path.name), path) for path in self.folder.glob("cycle-*.ckpt"))
        return {int(match[1]): path for match, path in found if match}

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Note that a fit is resumed, which keeps its snapshots."""
        self._resumed = trainer.state.fn == "fit"

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remove snapshots of other trainings, and those taken after the point from which this one is resumed."""
        if not self._resumed:
            self.cycles, self._factor, self._falling, self._lowest = 0, None, False, float("inf")
        self._resumed = False
        if trainer.is_global_zero and not trainer.fast_dev_run:  # type: ignore[attr-defined] # a trial leaves a real run's files
            for number, path in self._numbered().items():
                if number > self.cycles:
                    path.unlink()

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Note this step's rate relative to the group's initial one, as a range test may change both."""
        if optimizer is not trainer.optimizers[0]:
            return  # of several optimizers the first one's rate has the cycles
        factor = _factor_of(optimizer)
        self._falling = self._factor is not None and (factor < self._factor or (self._falling and factor == self._factor))
        self._factor, self._lowest = factor, min(factor, self._lowest)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Take a snapshot if a cycle ended; schedulers that move by steps have moved by now."""
        self._take_if_cycle_ended(trainer)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take a snapshot if a cycle ended; schedulers that move by epochs have moved by now."""
        self._take_if_cycle_ended(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take a snapshot if the last cycle ends with the training, at the lowest rate."""
        self._take_if_cycle_ended(trainer)
        if self._falling and _factor_of(trainer.optimizers[0]) <= self._lowest:
            self._take(trainer)
        if not self.cycles and trainer.is_global_zero and not trainer.fast_dev_run:  # type: ignore[attr-defined]
            log.warning(f"{type(self).__name__}: no cycle of the learning rate ended, so there is no snapshot; train with SGDR.")

    def _take_if_cycle_ended(self, trainer: Trainer) -> None:
        if not self._falling or self._factor is None or _factor_of(trainer.optimizers[0]) <= self._factor:
            return
        self._take(trainer)

    def _take(self, trainer: Trainer) -> None:
        self._falling = False
        if trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        self.cycles += 1
        save_weights(trainer, self.folder / f"cycle-{self.cycles}.ckpt")
        outdated = self.folder / f"cycle-{self.cycles - self.last}.ckpt"
        if trainer.is_global_zero:
            outdated.unlink(missing_ok=True)


def _factor_of(optimizer: Optimizer) -> float:
    group = optimizer.param_groups[-1]
    lr = group.get("unscaled_lr", group["lr"])  # the schedule's, where WindowLengthLR has scaled it for this step
    return float(lr) / (float(group.get("initial_lr", lr)) or 1.0)


def save_weights(trainer: Trainer, path: Path) -> None:
    """Write the module's weights and nothing else, so that the file loads with ``weights_only=True`` whatever its options are."""
    trainer.strategy.save_checkpoint({"state_dict": trainer.strategy.lightning_module_state_dict()}, path)
    trainer.strategy.barrier("snapshot")


def load_weights(pl_module: LightningModule, path: Path) -> None:
    """Load what :func:`save_weights` wrote; a module with ``strict_loading=False`` may leave weights out of its state."""
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    pl_module.load_state_dict(state, strict=pl_module.strict_loading)


def average_snapshots(trainer: Trainer, pl_module: LightningModule, snapshots: Sequence[Path], path: Path) -> None:
    """Write a checkpoint with the mean of the snapshots' weights; the module is left as it is.

    BatchNorm statistics that differ between the snapshots are recomputed on the training data, under several processes on the
    first one's share of them; those that training has left alone, as of frozen layers, stay.

    Args:
        trainer: At the end of a fit.
        pl_module: The module that it trained.
        snapshots: At least one.
        path: The checkpoint.
    """
    trainer.strategy.barrier("snapshots")
    device = pl_module.device  # the strategy has moved it off its own by now
    pl_module.to(trainer.strategy.root_device)
    own = {name: value.detach().clone() for name, value in pl_module.state_dict().items()}
    mode = {module: module.training for module in pl_module.modules()}
    momenta = {module: module.momentum for module in pl_module.modules() if isinstance(module, BatchNorm)}
    averaged: AveragedModel | None = None
    means: dict[BatchNorm, list[Tensor]] = {layer: [] for layer in momenta if layer.running_mean is not None}
    try:
        for snapshot in snapshots:
            load_weights(pl_module, snapshot)
            for layer, found in means.items():
                assert layer.running_mean is not None
                found.append(layer.running_mean.clone())
            averaged = averaged or AveragedModel(pl_module)
            averaged.update_parameters(pl_module)
        assert averaged is not None
        pl_module.load_state_dict(averaged.module.state_dict(), strict=pl_module.strict_loading)
        moved = [layer for layer, found in means.items() if not all(torch.equal(each, found[0]) for each in found)]
        with torch.no_grad(), trainer.precision_plugin.forward_context():
            if moved:
                _estimate(moved, pl_module, _inputs_of_one_pass(trainer, pl_module))
        save_weights(trainer, path)
    except TypeError as error:
        raise MisconfigurationException(
            f"The mean of snapshots needs BatchNorm's statistics anew, for which {type(pl_module).__name__}.forward is called "
            f"with the first part of each training batch, and fails: {error}"
        ) from error
    finally:
        pl_module.load_state_dict(own, strict=pl_module.strict_loading)
        for module, training in mode.items():
            module.training = training
        for layer, momentum in momenta.items():
            layer.momentum = momentum
        pl_module.to(device)


def _estimate(layers: Sequence[BatchNorm], pl_module: LightningModule, inputs: Iterator[Any]) -> None:
    """As torch's ``update_bn``, for some of the layers: the others keep their statistics, and normalise by them."""
    pl_module.train()
    for layer in pl_module.modules():
        if isinstance(layer, BatchNorm) and layer not in layers:
            layer.eval()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    for each in inputs:
        pl_module(each)


def _inputs_of_one_pass(trainer: Trainer, pl_module: LightningModule) -> Iterator[Any]:
    passes = 0

    def count() -> None:
        nonlocal passes
        passes += 1

    # A stream without an end has no pass: as many batches as it was trained on will do.
    read = trainer.global_step * trainer.accumulate_grad_batches
    for batch in islice(endless_batches(trainer, count), read if math.isinf(trainer.num_training_batches) else None):
        if passes > 1:
            return
        yield inputs_of(to_device(trainer, pl_module, batch))
