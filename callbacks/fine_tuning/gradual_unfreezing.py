"""Gradual unfreezing with discriminative learning rates.

**What it does.** Trains the new head alone first, then thaws the pretrained layers below it, from the head downwards, at
the epochs one names; and gives the layers near the input smaller steps than those near the head.

**When to use it.** Whenever a head with random weights sits on a pretrained network: its first, wild gradients would
otherwise undo what the layers below have learnt. General features near the input need the least change.

**Defaults.** The head alone for one epoch, then everything; the pretrained layers at 1/81 of the head's rate near the input
to 1/9 near the head: with three layer groups that is the 2017 course's ``lr/81, lr/9, lr``.

**Sources.** Howard & Ruder 2018 (ULMFiT), section 3.2 and 3.3; fast.ai 2017, lesson 2; Yosinski et al. 2014.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer, classes
from torch import nn
from torch.optim import Optimizer

from ..schedules.param_group_lrs import RATES_BY_GROUP, peak_rate, scale_group

LayerGroup: TypeAlias = Sequence[nn.Module | nn.Parameter]


def trainable_from(epoch: int, groups: int, at: Sequence[int], groups_at_once: int | None = None) -> int:
    """The first layer group (input side first) that trains in ``epoch``; the head, the last group, always does.

    Args:
        epoch: Epoch, from 0.
        groups: How many layer groups there are, the head included.
        at: Epochs at whose start more groups thaw.
        groups_at_once: How many thaw at each of them. Default: evenly many, so that all train from the last one on.

    Returns:
        An index from 0 (everything trains) to ``groups - 1`` (the head alone).
    """
    thawed = sum(epoch >= start for start in at)
    below = groups - 1
    count = round(below * thawed / max(1, len(at))) if groups_at_once is None else groups_at_once * thawed
    return max(0, below - count)


def discriminative_rates(groups: int, span: float) -> list[float]:
    """Each group's learning rate as a share of the head's.

    The first group gets ``1 / span``, the last one below the head ``1 / sqrt(span)``, those between them geometric steps: a
    head with random weights needs far larger steps than any pretrained layer, however many of those there are.

    Args:
        groups: How many layer groups there are, the head included.
        span: The head's rate divided by the first group's.

    Returns:
        ``groups`` factors, input side first; the last is 1. With three groups and 81: ``1/81, 1/9, 1``.
    """
    below = groups - 1
    steps = [0.5 * (1 + (below - 1 - depth) / max(1, below - 1)) if below > 1 else 0.5 for depth in range(below)]
    return [*(span**-step for step in steps), 1.0]


def geometric_rates(groups: int, factor: float) -> list[float]:
    """Each group's rate as a share of the head's: each is ``factor`` times that of the group below it (ULMFiT: 2.6)."""
    return [factor ** (depth + 1 - groups) for depth in range(groups)]


def sliced_rates(groups: int, low: float, high: float) -> list[float]:
    """Rates from ``low`` for the first group to ``high`` for the head in even geometric steps (fastai's ``slice``)."""
    return [low * (high / low) ** (depth / max(1, groups - 1)) for depth in range(groups)]


class GradualUnfreezing(Callback):
    """Thaws a pretrained module from its head downwards, with smaller learning rates towards its input.

    Works with any LightningModule that has ``layer_groups()`` (a list, input side first and head last, of lists of modules
    or parameters), or with any whatever when ``groups`` names its modules. Works with any optimizer and scheduler: every
    parameter is in the optimizer from the first step, each layer group in parameter groups of its own; a group that
    ``configure_optimizers`` made across layers is split. After a resume, what trains follows from the epoch.

    Args:
        at: Epochs at whose start more groups thaw. ``[]`` keeps everything below the head frozen for good; ``[0]`` freezes
            nothing.
        groups_at_once: How many groups thaw each time. Default: evenly many, all of them by the last epoch in ``at``.
        lr_span: The head's learning rate divided by that of the first group; see :func:`discriminative_rates`. 1 gives all
            the same.
        lr_factor: A group's learning rate divided by that of the group below it, up to the head's, instead of ``lr_span``;
            see :func:`geometric_rates`.
        lr_slice: ``[lo, hi]``: absolute rates of the first group and of the head, in even geometric steps; overrides the
            optimizer's own, ``lr_span`` and ``lr_factor``.
        train_bn: Leave BatchNorm layers of frozen groups training (fastai's default). Default: everything frozen is in
            evaluation mode, so that a frozen backbone computes the same features in every epoch.
        groups: Names of modules for each layer group, for modules without ``layer_groups()``.
        only_pretrained: Do nothing to a module whose attribute ``pretrained`` is false: random layers must not be frozen.

    Raises:
        MisconfigurationException: No layer groups to be had, an unknown module name, epochs out of order, or a distributed
            strategy that can't thaw parameters.
    """

    def __init__(
        self,
        at: Sequence[int] = (1,),
        groups_at_once: int | None = None,
        lr_span: float = 81.0,
        lr_factor: float | None = None,
        lr_slice: Sequence[float] | None = None,
        train_bn: bool = False,
        groups: Sequence[Sequence[str]] | None = None,
        only_pretrained: bool = True,
    ) -> None:
        super().__init__()
        if list(at) != sorted(set(at)) or any(epoch < 0 for epoch in at):
            raise MisconfigurationException(f"GradualUnfreezing: at={list(at)} must be epochs from 0 in rising order.")
        if groups_at_once is not None and groups_at_once < 1:
            raise MisconfigurationException(f"GradualUnfreezing: groups_at_once={groups_at_once} must be at least 1.")
        if lr_span < 1:
            raise MisconfigurationException(
                f"GradualUnfreezing: lr_span={lr_span} must be at least 1 (the head's rate divided by the first group's)."
            )
        if lr_factor is not None and lr_factor < 1:
            raise MisconfigurationException(
                f"GradualUnfreezing: lr_factor={lr_factor} must be at least 1 (a group's rate divided by that of the one below)."
            )
        if lr_slice is not None and not (len(lr_slice) == 2 and 0 < lr_slice[0] <= lr_slice[1]):
            raise MisconfigurationException(
                f"GradualUnfreezing: lr_slice={list(lr_slice)} must be two rates, the first group's (lower) and the head's."
            )
        self.at = list(at)
        self.groups_at_once = groups_at_once
        self.lr_span = lr_span
        self.lr_factor = lr_factor
        self.lr_slice = lr_slice
        self.train_bn = train_bn
        self.groups = groups
        self.only_pretrained = only_pretrained
        self._trainable_from: int | None = None
        self._configure_optimizers: Callable[[], Any] | None = None
        self._requires_grad: dict[nn.Parameter, bool] = {}
        self._training: dict[nn.Module, bool] = {}

    def layer_groups(self, pl_module: LightningModule) -> list[LayerGroup]:
        """The module's layer groups, input side first: those named by ``groups``, or its own ``layer_groups()``."""
        if self.groups is not None:
            modules = dict(pl_module.named_modules())
            unknown = [name for group in self.groups for name in group if name not in modules]
            if unknown:
                raise MisconfigurationException(
                    f"GradualUnfreezing: groups names {unknown[0]!r}, which {type(pl_module).__name__} has not; "
                    f"it has {', '.join(name for name, _ in pl_module.named_children())}."
                )
            return [[modules[name] for name in group] for group in self.groups]
        if not callable(getattr(pl_module, "layer_groups", None)):
            raise MisconfigurationException(
                f"GradualUnfreezing needs {type(pl_module).__name__}.layer_groups() (lists of modules, input side first), "
                'or groups=[["stem"], ["body"], ["head"]] with names of its modules.'
            )
        return pl_module.layer_groups()  # type: ignore[operator]

    def _applies_to(self, pl_module: LightningModule) -> bool:
        return getattr(pl_module, "pretrained", True) or not self.only_pretrained

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Wrap ``configure_optimizers`` for the duration of a fit, so that every layer group gets its own rate."""
        if stage != "fit" or not self._applies_to(pl_module):
            return
        strategy = trainer.strategy
        if isinstance(strategy, classes("strategies.DDPStrategy")) and not strategy._ddp_kwargs.get("find_unused_parameters"):
            raise MisconfigurationException(
                "GradualUnfreezing under DDP needs trainer.strategy=ddp_find_unused_parameters_true: frozen layers take no "
                "part in the backward pass."
            )
        groups = self.layer_groups(pl_module)
        factors = discriminative_rates(len(groups), self.lr_span)
        if self.lr_factor is not None:
            factors = geometric_rates(len(groups), self.lr_factor)
        if self.lr_slice is not None:
            factors = sliced_rates(len(groups), *self.lr_slice)
        original = pl_module.configure_optimizers

        def configure_optimizers() -> Any:
            configured = original()
            optimizers, schedulers = _optimizers_and_schedulers(configured)
            for optimizer in optimizers:
                origin = split_parameter_groups(optimizer, groups)
                scales = _scale_rates(optimizer, groups, factors, absolute=self.lr_slice is not None)
                for scheduler in schedulers:
                    _fit_to_groups(scheduler, optimizer, origin, scales)
            return configured

        self._configure_optimizers = original
        pl_module.configure_optimizers = configure_optimizers  # type: ignore[method-assign]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Freeze what the present epoch freezes; after a resume that may be any epoch, or the middle of one."""
        if not self._applies_to(pl_module):
            _log(trainer, f"GradualUnfreezing leaves {type(pl_module).__name__} alone: its weights are random, all of it trains.")
            return
        self._requires_grad = {parameter: parameter.requires_grad for parameter in pl_module.parameters()}
        self._training = {module: module.training for module in pl_module.modules()}
        self._freeze(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Freeze or thaw for this epoch."""
        if self._applies_to(pl_module):
            self._freeze(trainer, pl_module)

    def _freeze(self, trainer: Trainer, pl_module: LightningModule) -> None:
        groups = self.layer_groups(pl_module)
        first = trainable_from(trainer.current_epoch, len(groups), self.at, self.groups_at_once)
        for depth, group in enumerate(groups):
            for part in group:
                self._set_frozen(part, frozen=depth < first)
        if first != self._trainable_from:
            self._trainable_from = first
            what = "all layer groups train" if first == 0 else f"{first} of {len(groups)} layer groups are frozen"
            _log(trainer, f"Epoch {trainer.current_epoch}: {what}.")

    def _set_frozen(self, part: nn.Module | nn.Parameter, frozen: bool) -> None:
        if isinstance(part, nn.Parameter):
            part.requires_grad_(not frozen and self._requires_grad.get(part, True))
            return
        for module in part.modules():
            keep = not frozen or (self.train_bn and isinstance(module, nn.modules.batchnorm._BatchNorm))
            module.training = keep and self._training.get(module, True)
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(keep and self._requires_grad.get(parameter, True))

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give the module back as it was: its own ``configure_optimizers``, and its own choice of what trains."""
        self._restore(pl_module)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """The same after an error or an interruption."""
        self._restore(pl_module)

    def _restore(self, pl_module: LightningModule) -> None:
        if self._configure_optimizers is not None:
            del pl_module.__dict__["configure_optimizers"]
            self._configure_optimizers = None
        for parameter, required in self._requires_grad.items():
            parameter.requires_grad_(required)
        for module, training in self._training.items():
            module.training = training
        self._requires_grad, self._training, self._trainable_from = {}, {}, None


def _log(trainer: Trainer, message: str) -> None:
    if trainer.is_global_zero:
        logging.getLogger(__name__).info(message)


def split_parameter_groups(optimizer: Optimizer, layer_groups: Sequence[LayerGroup]) -> list[int]:
    """Split an optimizer's parameter groups in place so that none spans two layer groups.

    Args:
        optimizer: Any optimizer that has not yet made a step.
        layer_groups: Modules or parameters by depth. Parameters in none of them count to the last, the head.

    Returns:
        For each new group the index of the old one it came from.
    """
    depth_of = _depth_of(layer_groups)
    split: list[dict[str, Any]] = []
    origin: list[int] = []
    for index, group in enumerate(optimizer.param_groups):
        by_depth: dict[int, list[int]] = {}
        for place, parameter in enumerate(group["params"]):
            by_depth.setdefault(depth_of.get(parameter, len(layer_groups) - 1), []).append(place)
        for depth in sorted(by_depth):
            lists: dict[str, Any] = {
                key: [group[key][place] for place in by_depth[depth]] for key in ("params", "param_names") if key in group
            }
            split.append({**group, **lists})
            origin.append(index)
    optimizer.param_groups[:] = split
    return origin


def _depth_of(layer_groups: Sequence[LayerGroup]) -> dict[nn.Parameter, int]:
    return {
        parameter: depth
        for depth, group in enumerate(layer_groups)
        for part in group
        for parameter in ([part] if isinstance(part, nn.Parameter) else part.parameters())
    }


_OTHERS_BY_GROUP = ("lr_lambdas", "base_momentums", "max_momentums")  # lists by group that hold no rates


def _scale_rates(
    optimizer: Optimizer, layer_groups: Sequence[LayerGroup], factors: Sequence[float], absolute: bool
) -> list[float]:
    """Scale each group's rates by its layer group's factor (``absolute``: to that rate); return what it was scaled by."""
    depth_of = _depth_of(layer_groups)
    scales = []
    for group in optimizer.param_groups:
        scale = factors[depth_of.get(group["params"][0], len(factors) - 1)]
        if absolute:
            scale = scale / peak_rate(group)
        scale_group(group, scale)
        scales.append(scale)
    return scales


def _fit_to_groups(scheduler: Any, optimizer: Optimizer, origin: Sequence[int], scales: Sequence[float]) -> None:
    """Give a scheduler that was built before the split an entry for each new group in all its lists by group."""
    for inner in getattr(scheduler, "_schedulers", []):
        _fit_to_groups(inner, optimizer, origin, scales)
    if getattr(scheduler, "optimizer", optimizer) is not optimizer:
        return
    for key, value in vars(scheduler).items():
        if isinstance(value, list) and key in RATES_BY_GROUP:
            setattr(scheduler, key, [value[old] * scale for old, scale in zip(origin, scales, strict=True)])
        elif isinstance(value, list) and key in _OTHERS_BY_GROUP:
            setattr(scheduler, key, [value[old] for old in origin])


def _optimizers_and_schedulers(configured: Any) -> tuple[list[Optimizer], list[Any]]:
    """Every optimizer and scheduler in what ``configure_optimizers`` may return."""
    optimizers: list[Optimizer] = []
    schedulers: list[Any] = []
    if isinstance(configured, Optimizer):
        optimizers.append(configured)
    elif isinstance(configured, dict):
        for value in configured.values():
            inner = _optimizers_and_schedulers(value)
            optimizers += inner[0]
            schedulers += inner[1]
    elif isinstance(configured, list | tuple):
        for value in configured:
            inner = _optimizers_and_schedulers(value)
            optimizers += inner[0]
            schedulers += inner[1]
    elif hasattr(configured, "step") and hasattr(configured, "state_dict"):
        schedulers.append(configured)
    return optimizers, schedulers
