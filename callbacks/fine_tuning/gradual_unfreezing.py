"""Gradual unfreezing: the head of a pretrained network trains first, then the layers below it, with smaller learning rates.

**What it does.** Trains the new head alone first, then unfreezes the pretrained layers below it, from the head downwards, at
given epochs; and gives layers near the input smaller steps than those near the head.

**When to use it.** Whenever a head with random weights is put on a pretrained network: its first, large gradients would otherwise
destroy what the layers below have learnt.

**Defaults.** The head alone for one epoch (``conf/callbacks/default.yaml``: for four fifths of the training), then everything;
the pretrained layers at 1/81 of the head's rate near the input to 1/9 near the head: with three layer groups the 2017 course's
``lr/81, lr/9, lr``. BatchNorm below the head keeps the statistics that it was pretrained with: batches of 16 augmented photos
give others, to which the head is not used, and validation gets worse by that alone (docs/defaults.md).

**Sources.** Howard & Ruder 2018 (ULMFiT), sections 3.2 and 3.3; fast.ai 2017, lesson 2; Yosinski et al. 2014; BatchNorm: Keras'
guide to transfer learning ("keep the BatchNormalization layers in inference mode").
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import nn

from ..roles import Reverts
from ..trainer_internals.private_names import check_private_names
from ..trainer_internals.strategies import allows_unused_parameters
from ..trainer_internals.torch_names import BatchNorm
from .discriminative_lr import LayerGroup, apply_layer_lrs, discriminative_lrs, geometric_lrs, sliced_lrs
from .epoch_shares import check_epochs, epochs_of, planned_epochs

log = logging.getLogger(__name__)


def trainable_from(epoch: int, groups: int, at: Sequence[int], groups_at_once: int | None = None) -> int:
    """Return the index of the first layer group (input side first) that trains in ``epoch``; the head, the last, always does.

    Args:
        epoch: From 0.
        groups: Number of layer groups, including the head.
        at: Epochs at whose start more groups are unfrozen.
        groups_at_once: Number that is unfrozen at each of them. Default: evenly many, so that all train from the last one on.

    Returns:
        From 0 (everything trains) to ``groups - 1`` (the head alone).
    """
    unfrozen = sum(epoch >= start for start in at)
    below = groups - 1
    count = round(below * unfrozen / max(1, len(at))) if groups_at_once is None else groups_at_once * unfrozen
    return max(0, below - count)


class GradualUnfreezing(Reverts):
    """Unfreezes a pretrained module from its head downwards, with smaller learning rates towards its input.

    Works with any LightningModule that has ``layer_groups()`` (a list, input side first and head last, of lists of modules or
    parameters), and with any other when ``groups`` names its modules. Works with any optimizer but LBFGS, and with any scheduler:
    every parameter is in the optimizer from the first step, each layer group in parameter groups of its own; a parameter group
    that spans layer groups is split. After a resume, what trains follows from the epoch.

    Args:
        at: Epochs, from 0, at whose start more groups are unfrozen; numbers between 0 and 1 are shares of the training, rounded
            to epochs. ``[]`` keeps everything below the head frozen; ``[0]`` freezes nothing.
        groups_at_once: Number of groups that are unfrozen each time. Default: evenly many, all of them by the last epoch in
            ``at``.
        lr_ratio: The head's learning rate divided by that of the first group, its root where one group alone is below the head;
            see :func:`.discriminative_lrs`. 1 gives all the same.
        lr_factor: A group's learning rate divided by that of the group below it, up to the head's, instead of ``lr_ratio``; see
            :func:`.geometric_lrs`.
        lr_slice: ``[low, high]``: absolute rates of the first group and of the head, evenly spaced on a log scale between them;
            overrides the optimizer's own, ``lr_ratio`` and ``lr_factor``.
        train_bn: Train BatchNorm layers of frozen groups (fastai's default). Default: everything frozen is in evaluation mode, so
            that a frozen backbone computes the same features in every epoch.
        update_bn: Let BatchNorm layers below the head update their running statistics once they are unfrozen. Default: only
            their weights train.
        groups: Names of the modules of each layer group, for modules without ``layer_groups()``.
        only_pretrained: Leave a module alone whose attribute ``pretrained`` is false: random layers must not be frozen.

    Raises:
        MisconfigurationException: An option is out of range; there are no layer groups, or an unknown module is named; the
            strategy does not support frozen parameters; or ``at`` has shares of a training without a number of epochs.

    Example:
        >>> from practicum.callbacks import GradualUnfreezing
        >>> callback = GradualUnfreezing(at=[1, 2], groups=[["stem"], ["body"], ["head"]])
        >>> from practicum.callbacks.fine_tuning.gradual_unfreezing import trainable_from
        >>> [trainable_from(epoch, groups=3, at=callback.at) for epoch in range(4)]  # first layer group that trains
        [2, 1, 0, 0]
    """

    def __init__(
        self,
        at: Sequence[float] = (1,),
        groups_at_once: int | None = None,
        lr_ratio: float = 81.0,
        lr_factor: float | None = None,
        lr_slice: Sequence[float] | None = None,
        train_bn: bool = False,
        update_bn: bool = False,
        groups: Sequence[Sequence[str]] | None = None,
        only_pretrained: bool = True,
    ) -> None:
        super().__init__()
        check_epochs("GradualUnfreezing", "at", at)
        if groups_at_once is not None and groups_at_once < 1:
            raise MisconfigurationException(f"GradualUnfreezing: groups_at_once={groups_at_once} must be at least 1.")
        if lr_ratio < 1:
            raise MisconfigurationException(
                f"GradualUnfreezing: lr_ratio={lr_ratio} must be at least 1 (the head's rate divided by the first group's)."
            )
        if lr_factor is not None and lr_factor < 1:
            raise MisconfigurationException(
                f"GradualUnfreezing: lr_factor={lr_factor} must be at least 1 (a group's rate divided by that of the one below)."
            )
        if lr_slice is not None and not (len(lr_slice) == 2 and 0 < lr_slice[0] <= lr_slice[1]):
            raise MisconfigurationException(
                f"GradualUnfreezing: lr_slice={list(lr_slice)} must be two rates in rising order: the first group's, the head's."
            )
        self.at = list(at)
        self.groups_at_once = groups_at_once
        self.lr_ratio = lr_ratio
        self.lr_factor = lr_factor
        self.lr_slice = lr_slice
        self.train_bn = train_bn
        self.update_bn = update_bn
        self.groups = groups
        self.only_pretrained = only_pretrained
        self._trainable_from: int | None = None
        self._requires_grad: dict[nn.Parameter, bool] = {}
        self._training: dict[nn.Module, bool] = {}

    def layer_groups(self, pl_module: LightningModule) -> list[LayerGroup]:
        """Return the module's layer groups, input side first: those named by ``groups``, or its own ``layer_groups()``."""
        if self.groups is not None:
            modules: dict[str, Any] = {**dict(pl_module.named_parameters()), **dict(pl_module.named_modules())}
            unknown = [name for group in self.groups for name in group if name not in modules]
            if unknown:
                raise MisconfigurationException(
                    f"GradualUnfreezing: groups names {unknown[0]!r}, which {type(pl_module).__name__} does not have; "
                    f"it has {', '.join(name for name, _ in pl_module.named_children())}."
                )
            return [[modules[name] for name in group] for group in self.groups]
        if not callable(getattr(pl_module, "layer_groups", None)):
            raise MisconfigurationException(
                f"GradualUnfreezing needs {type(pl_module).__name__}.layer_groups() (lists of modules, input side first), "
                'or groups=[["stem"], ["body"], ["head"]] with names of its modules.'
            )
        return pl_module.layer_groups()  # type: ignore[operator]

    def applies_to(self, pl_module: LightningModule) -> bool:
        """Return whether this module is unfrozen gradually: not one of random weights, with ``only_pretrained``."""
        return getattr(pl_module, "pretrained", True) or not self.only_pretrained

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Wrap ``configure_optimizers`` for the duration of a fit, so that every layer group gets its own rate."""
        if stage != "fit" or not self.applies_to(pl_module):
            return
        check_private_names(trainer, "strategies.py", "torch_names.py")
        if not allows_unused_parameters(trainer):
            raise MisconfigurationException(
                "GradualUnfreezing under DDP needs strategy=ddp_find_unused_parameters_true, as frozen layers take no part in "
                "the backward pass."
            )
        groups = self.layer_groups(pl_module)
        factors = discriminative_lrs(len(groups), self.lr_ratio)
        if self.lr_factor is not None:
            factors = geometric_lrs(len(groups), self.lr_factor)
        if self.lr_slice is not None:
            factors = sliced_lrs(len(groups), *self.lr_slice)
        original = pl_module.configure_optimizers

        def configure_optimizers() -> Any:
            configured = original()
            apply_layer_lrs(configured, groups, factors, absolute=self.lr_slice is not None)
            return configured

        pl_module.configure_optimizers = configure_optimizers  # type: ignore[method-assign]
        self.reverts.callback(vars(pl_module).pop, "configure_optimizers", None)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Freeze what is frozen in the present epoch; after a resume that may be any epoch, or the middle of one."""
        if not self.applies_to(pl_module):
            _log(
                trainer,
                f"GradualUnfreezing leaves {type(pl_module).__name__} alone: its weights are random, so all of it trains.",
            )
            return
        self._requires_grad = {parameter: parameter.requires_grad for parameter in pl_module.parameters()}
        self._training = {module: module.training for module in pl_module.modules()}
        self.reverts.callback(self._unfreeze)
        self._freeze(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Freeze what is frozen in this epoch, and unfreeze the rest."""
        if self.applies_to(pl_module):
            self._freeze(trainer, pl_module)

    def _freeze(self, trainer: Trainer, pl_module: LightningModule) -> None:
        groups = self.layer_groups(pl_module)
        at = epochs_of("GradualUnfreezing", "at", self.at, planned_epochs(trainer))
        first = trainable_from(trainer.current_epoch, len(groups), at, self.groups_at_once)
        for depth, group in enumerate(groups):
            for part in group:
                self._set_frozen(part, frozen=depth < first, head=depth == len(groups) - 1)
        if first != self._trainable_from:
            self._trainable_from = first
            what = "all layer groups train" if first == 0 else f"{first} of {len(groups)} layer groups are frozen"
            _log(trainer, f"Epoch {trainer.current_epoch + 1}: {what}.")

    def _set_frozen(self, part: nn.Module | nn.Parameter, frozen: bool, head: bool) -> None:
        if isinstance(part, nn.Parameter):
            part.requires_grad = not frozen and self._requires_grad.get(part, True)  # requires_grad_() refuses lazy ones
            return
        for module in part.modules():
            normalises = isinstance(module, BatchNorm)
            trains = not frozen or (self.train_bn and normalises)
            updates = trains and (head or self.train_bn or self.update_bn or not normalises)
            module.training = updates and self._training.get(module, True)
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad = trains and self._requires_grad.get(parameter, True)

    def _unfreeze(self) -> None:
        """Restore the module's own choice of what trains."""
        for parameter, required in self._requires_grad.items():
            parameter.requires_grad = required
        for module, training in self._training.items():
            module.training = training
        self._requires_grad, self._training, self._trainable_from = {}, {}, None


def _log(trainer: Trainer, message: str) -> None:
    if trainer.is_global_zero:
        log.info(message)
