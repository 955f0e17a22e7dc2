"""Base of weight averages: a second set of weights beside the trained ones, which is validated, saved and tested.

**What it does.** Updates torch's ``AveragedModel`` after each optimizer step, swaps it in for validation, saves it as a
checkpoint's ``state_dict`` (with the trained weights beside it, to resume from) and leaves it in the module when training ends.

**Why not Lightning's** ``WeightAveraging``: that swaps in an average that has not been updated yet, takes a checkpoint's average
as one to continue from when the checkpoint is only tested, and works with the trainers of only one of Lightning's two packages.
Its checkpoints have the same format.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer, classes
from torch import Tensor
from torch.nn.parameter import is_lazy
from torch.optim.swa_utils import AveragedModel, get_swa_multi_avg_fn

from ..roles import OutsideTrials

Tensors = tuple[Tensor, ...] | list[Tensor]


class WeightAveragingBase(OutsideTrials):
    """Base of callbacks whose average of the weights is validated, saved and tested.

    A fit leaves the average in the module, and that is what a further fit of the same module starts from. The same object serves
    one fit after another (folds of a cross-validation), each with an average of its own.

    Args:
        average: How averages, all of one dtype, move towards the weights after so many steps, in place; for numbers with
            fractions only. Default: to the mean of all steps' weights.
    """

    def __init__(self, average: Callable[[Tensors, Tensors, Tensor | int], None] | None = None) -> None:
        super().__init__()
        self._move = average or get_swa_multi_avg_fn()
        self._average: AveragedModel | None = None
        self._updated_at = 0  # number of optimizer steps at the latest update
        self._resumed = False
        self._swapped = False  # whether the module holds the average, and the average the trained weights
        self._left = False  # whether the fit has left the average in the module

    @torch.no_grad()
    def _update(self, averages: Tensors, weights: Tensors, steps: Tensor | int) -> None:
        if averages[0].is_floating_point() or averages[0].is_complex():
            self._move(averages, weights, steps)
        else:  # positions, counts: the mean of two integers, truncated, may be neither
            for average, weight in zip(averages, weights, strict=True):
                average.copy_(weight)

    def should_update(self) -> bool:
        """Return whether to update the average after the step just taken."""
        return True

    @property
    def averages(self) -> bool:
        """Whether the average has been updated yet."""
        return self._average is not None and bool(self._average.n_averaged > 0)

    def begin(self) -> None:
        """Forget an earlier fit; one that is resumed gets its checkpoint's state afterwards."""
        self._average, self._updated_at, self._swapped, self._left = None, 0, False, False
        self._buffers: list[Tensor] = []  # of the average, as a validation began

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Drop the average of a fit that has failed: what is validated by itself is what the module holds."""
        self._average, self._swapped = None, False

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start with a copy of the weights, on the module's device; each fit has an average of its own, unless it is resumed.

        Where weights are lazy the copy is made after the first step, from which an average begins anyway.

        Raises:
            MisconfigurationException: A checkpoint of the trainer would hold the trained weights, as Lightning asks no callback
                when it saves weights alone.
        """
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, classes("callbacks.ModelCheckpoint")) and callback.save_weights_only:
                name = type(self).__name__
                raise MisconfigurationException(
                    f"{name}: {type(callback).__name__}(save_weights_only=True) would save the trained weights and not their "
                    "average; leave save_weights_only out."
                )
        if not self._resumed:
            self.begin()
            self._updated_at = trainer.global_step  # above 0 where the same trainer goes on
        self._resumed = False
        if self._average is None and not any(map(is_lazy, itertools.chain(pl_module.parameters(), pl_module.buffers()))):
            self._average = self._copy(pl_module)
        if self._average is not None:
            self._average.to(pl_module.device)

    def _copy(self, pl_module: LightningModule) -> AveragedModel:
        return AveragedModel(pl_module, use_buffers=True, multi_avg_fn=self._update)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Update the average after an optimizer step; with accumulation not every batch makes one."""
        if self._average is None:
            self._average = self._copy(pl_module)
        if trainer.global_step > self._updated_at and self.should_update():
            self._average.update_parameters(pl_module)
            self._updated_at = trainer.global_step

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Swap the average in, if there is one."""
        if self.averages:
            self._swap(pl_module)
            self._buffers = [each.clone() for each in pl_module.buffers()]

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Swap the trained weights back in; what the module itself has chosen for the average (a threshold) is for both."""
        if not self._swapped:
            return
        chosen = [not torch.equal(now, before) for now, before in zip(pl_module.buffers(), self._buffers, strict=True)]
        self._swap(pl_module)
        assert self._average is not None
        with torch.no_grad():
            for own, average, changed in zip(pl_module.buffers(), self._average.module.buffers(), chosen, strict=True):
                if changed:
                    own.copy_(average)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave the average in the module, if there is one; a checkpoint that is written yet holds both."""
        self._leave(pl_module)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave it there, too, where a fit that was whole before is resumed: Lightning calls no other hook."""
        self._leave(pl_module)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Swap the trained weights back in where validation failed, before a checkpoint is written."""
        if self._swapped:
            self._swap(pl_module)

    def _leave(self, pl_module: LightningModule) -> None:
        if self.averages and not self._left:
            self._swap(pl_module)
        self._left = True

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Drop the average: a test of a checkpoint takes its weights as they are."""
        self._average, self._swapped = None, False

    def _pairs(self, pl_module: LightningModule) -> Any:
        assert self._average is not None
        own = self._average.module
        return zip(
            itertools.chain(own.parameters(), own.buffers()),
            itertools.chain(pl_module.parameters(), pl_module.buffers()),
            strict=True,
        )

    @torch.no_grad()
    def _swap(self, pl_module: LightningModule) -> None:
        for average, current in self._pairs(pl_module):
            held = average.data.clone()
            average.data.copy_(current.data)
            current.data.copy_(held)
        self._swapped = not self._swapped

    # Checkpoints ------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return the step of the latest update."""
        return {"latest_update_step": self._updated_at}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from it."""
        self._updated_at = state_dict["latest_update_step"]

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Save the average in place of the weights, and the weights beside it."""
        if not self.averages:
            return
        assert self._average is not None
        beside = self._average.module.state_dict()  # the module's own way, which may leave weights out
        trained, average = (beside, checkpoint["state_dict"]) if self._swapped else (checkpoint["state_dict"], beside)
        checkpoint["current_model_state"], checkpoint["state_dict"] = trained, average
        checkpoint["averaging_state"] = {"n_averaged": self._average.n_averaged}

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Restore both; without an average in the checkpoint the first update starts from the weights of its step."""
        if trainer.state.fn != "fit":
            return
        self._resumed = True
        self.begin()
        if "averaging_state" not in checkpoint:
            return
        self._average = self._copy(pl_module)
        strict = pl_module.strict_loading
        self._average.module.load_state_dict(checkpoint["state_dict"], strict=strict)
        self._average.n_averaged.copy_(checkpoint["averaging_state"]["n_averaged"])
        pl_module.load_state_dict(checkpoint["current_model_state"], strict=strict)  # Lightning has loaded the average into it
