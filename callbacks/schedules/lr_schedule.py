"""What every schedule of learning rates here shares: from a pure function of the step to a scheduler the trainer steps.

**What it does.** A schedule is a function from a step to a *factor*. :class:`RateSchedule` hands the trainer one
``torch.optim.lr_scheduler.LambdaLR`` made of it, once a step. So Lightning steps, checkpoints, restores and logs it like any
other; and since the factor multiplies each parameter group's own rate, discriminative rates survive.

**When to use it.** To write a schedule of one's own: a subclass gives :meth:`RateSchedule.factor`, and where the paper says so
:meth:`RateSchedule.momentum`.
"""

from __future__ import annotations

import logging
import math
import os
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.ticker import MaxNLocator
from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer, classes, part_of
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from ..figures.canvas import BLUE, GRID, ORANGE, new_figure, save_figure
from .param_group_lrs import forget_schedule

log = logging.getLogger(__name__)

_MOST_POINTS = 4096  # of the record of what the rate was; beyond it every second one is dropped


class Length(NamedTuple):
    """How long a training is, in optimizer steps; ``None`` where that is not known."""

    epoch: int | None = None
    total: int | None = None


def cosine(start: float, end: float, position: float) -> float:
    """From ``start`` to ``end`` along half a cosine; ``position`` from 0 to 1."""
    return start + (end - start) * (1 - math.cos(math.pi * position)) / 2


def linear(start: float, end: float, position: float) -> float:
    """From ``start`` to ``end`` along a straight line; ``position`` from 0 to 1."""
    return start + (end - start) * position


class FactorLR(LambdaLR):
    """``LambdaLR`` that may set momentum, too: SGD's ``momentum``, or the first of Adam's ``betas``.

    Args:
        optimizer: Whose rates.
        factor: Of a step, from 0; multiplies each group's own rate.
        momentum: Of a step; ``None`` leaves it alone.
    """

    def __init__(
        self, optimizer: Optimizer, factor: Callable[[int], float], momentum: Callable[[int], float | None] | None = None
    ) -> None:
        self._momentum = momentum
        super().__init__(optimizer, factor)

    def get_lr(self) -> list[Any]:
        """The rates of this step; sets its momentum."""
        momentum = self._momentum(self.last_epoch) if self._momentum else None
        if momentum is not None:
            for group in self.optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        factor = self.lr_lambdas[0](self.last_epoch)  # the same for every group
        return [base * factor for base in self.base_lrs]

    def set_rates(self) -> None:
        """Set the present step's rates (and momentum) anew, after the functions or the position have changed."""
        self._last_lr = self.get_lr()
        for group, lr in zip(self.optimizer.param_groups, self._last_lr, strict=True):
            group["lr"] = lr

    def state_dict(self) -> dict[str, Any]:
        """The position; the functions are the schedule's."""
        return {key: value for key, value in super().state_dict().items() if key != "_momentum"}


def momentum_of(group: dict[str, Any]) -> float | None:
    """A parameter group's momentum, or the first of its ``betas``; ``None`` where the optimizer has neither."""
    if "betas" in group:
        return float(group["betas"][0])
    return float(group["momentum"]) if "momentum" in group else None


class RateSchedule(Callback):
    """Base of the schedules: gives the trainer a scheduler, and draws what was planned and what was.

    Works with any LightningModule under automatic optimization and any optimizer; a schedule that cycles momentum needs one
    that has it (``momentum`` above 0, or ``betas``). Each parameter group's rate, as ``configure_optimizers`` gives it, is what
    factors multiply.

    Args:
        replace: Put this schedule in place of one that the module configures. Default: that is an error.
        folder: Where ``schedule.png`` goes. Default: nowhere.

    Raises:
        MisconfigurationException: The module brings a schedule of its own, optimizes by hand, or has no momentum to cycle; the
            length of the training is not known; or it is too short for this schedule.
    """

    watches_only = True  # has no part in a training step: a range test leaves it out

    def __init__(self, replace: bool = False, folder: str | os.PathLike[str] | None = None) -> None:
        super().__init__()
        self.replace = replace
        self.path = None if folder is None else Path(folder) / "schedule.png"
        self.length: Length | None = None
        self._scheduler: FactorLR | None = None
        self._was: list[tuple[int, float, float | None]] = []
        self._stride = 1

    # What a schedule is -----------------------------------------------------------------------------------------------

    @abstractmethod
    def factor(self, step: int, length: Length) -> float:
        """What multiplies each group's rate at ``step`` (from 0) of a training of ``length``."""

    def momentum(self, step: int, length: Length) -> float | None:
        """Momentum at ``step``; ``None`` leaves the optimizer's own."""
        return None

    @property
    def epochs(self) -> int | None:
        """Epochs that this schedule asks for; ``None`` where any number does."""
        return None

    def check(self, length: Length) -> None:
        """Raise where the schedule does not fit a training of ``length``; warn where it fits badly."""
        if length.total is None:
            self._fail("the length of the training is not known: give trainer.max_steps, or trainer.limit_train_batches")
        elif length.total < 2:
            self._fail(f"the whole training is {length.total} step long; give it more epochs, smaller batches, or no schedule")

    def simulate(self, steps: int, steps_per_epoch: int | None = None, lr: float = 1.0) -> list[float]:
        """The rates of a training of so many steps, without training anything.

        Args:
            steps: Optimizer steps in all.
            steps_per_epoch: Of each epoch; needed where the schedule counts in epochs.
            lr: The rate that factors multiply.
        """
        length = Length(steps_per_epoch, steps)
        self.check(length)
        return [lr * self.factor(step, length) for step in range(steps)]

    def _fail(self, why: str) -> Any:
        raise MisconfigurationException(f"{type(self).__name__}: {why}.")

    # How it gets into the trainer -------------------------------------------------------------------------------------

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Hand the scheduler to the trainer, before a checkpoint's position is put into it."""
        name = type(pl_module).__name__
        if not pl_module.automatic_optimization:
            self._fail(
                f"{name} optimizes by hand (automatic_optimization=False), where Lightning steps no scheduler; step one in its "
                "training_step, or leave this callback out"
            )
        if len(trainer.optimizers) != 1:
            self._fail(f"{name} has {len(trainer.optimizers)} optimizers; one is wanted")
        optimizer = trainer.optimizers[0]
        configs = trainer.strategy.lr_scheduler_configs
        if configs:
            if not self.replace:
                theirs = type(configs[0].scheduler).__name__
                self._fail(f"{name} configures a schedule of its own ({theirs}); replace=true puts this one in its place")
            configs.clear()
            forget_schedule(optimizer)
        if self.momentum(0, Length(2, 2)) is not None and not all(momentum_of(group) for group in optimizer.param_groups):
            self._fail(
                f"momentum can't cycle: {type(optimizer).__name__} has none, or has it at 0; momentum=null leaves it alone"
            )
        self.length = None
        self._scheduler = FactorLR(optimizer, self._factor_now, self._momentum_now)
        configs.append(part_of(trainer, "utilities.types").LRSchedulerConfig(self._scheduler, interval="step"))

    def _factor_now(self, step: int) -> float:
        # How long the training is, is only known once its data are there; nothing is trained before.
        return 1.0 if self.length is None else self.factor(step, self.length)

    def _momentum_now(self, step: int) -> float | None:
        return None if self.length is None else self.momentum(step, self.length)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Work the plan out and set the present step's rate; after a resume that is any step."""
        assert self._scheduler is not None
        self.length = self._length_of(trainer)
        if not trainer.fast_dev_run:  # type: ignore[attr-defined]
            self.check(self.length)
        self._scheduler.set_rates()

    def _length_of(self, trainer: Trainer) -> Length:
        batches, total = trainer.num_training_batches, trainer.estimated_stepping_batches
        epoch = None if math.isinf(batches) else math.ceil(batches / trainer.accumulate_grad_batches)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, classes("callbacks.GradientAccumulationScheduler")) and len(callback.scheduling) > 1:
                self._fail("GradientAccumulationScheduler changes how many batches make a step, so that steps can't be counted")
        return Length(epoch, None if math.isinf(total) or total < 0 else int(total))

    # What it was ------------------------------------------------------------------------------------------------------

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Note the rate and momentum of the group with the highest rate."""
        if self.path is None or self._scheduler is None or self._scheduler.last_epoch % self._stride:
            return
        step = self._scheduler.last_epoch
        group = max(optimizer.param_groups, key=lambda each: float(each["lr"]))
        self._was.append((step, float(group["lr"]), momentum_of(group)))
        if len(self._was) > _MOST_POINTS:
            self._stride *= 2
            self._was = [each for each in self._was if each[0] % self._stride == 0]

    def state_dict(self) -> dict[str, Any]:
        """The record so far; the position is the scheduler's."""
        return {"was": list(self._was), "stride": self._stride}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with the record."""
        self._was, self._stride = [tuple(each) for each in state_dict["was"]], state_dict["stride"]

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw ``schedule.png``."""
        if self.path is None or not self._was or self.length is None or not trainer.is_global_zero:
            return
        assert self._scheduler is not None
        top = max(float(each) for each in self._scheduler.base_lrs)
        last = max(self._was[-1][0], 1)
        steps = sorted({round(last * i / 1000) for i in range(1001)})
        plans: dict[str, list[float | None]] = {
            "learning rate": [top * self.factor(step, self.length) for step in steps],
            "momentum": [self.momentum(step, self.length) for step in steps],
        }
        panels = [name for name, plan in plans.items() if plan[0] is not None]
        figure = new_figure(4.8 * len(panels) + 1.2, 3.4)
        for number, name in enumerate(panels, 1):
            axes = figure.add_subplot(1, len(panels), number)
            axes.plot(steps, plans[name], color=BLUE, label="planned", linewidth=1.5)  # type: ignore[arg-type]
            marks = self._was[:: max(1, len(self._was) // 60)]
            was = [(each[0], each[1] if name == "learning rate" else each[2]) for each in marks]
            axes.plot(*zip(*was, strict=True), ".", color=ORANGE, label="as it was", markersize=5)
            axes.set_title(f"{name} by step ({type(self).__name__})")
            axes.set_xlabel("optimizer step")
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
            axes.set_ylim(bottom=0 if name == "learning rate" else None)
            axes.grid(color=GRID)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False)
        save_figure(figure, self.path)


def warn_of_cut_cycle(name: str, ends: list[int], length: Length) -> None:
    """Warn where a training ends within a cycle; name the epochs that would not.

    Args:
        name: The schedule.
        ends: Steps at which cycles end, in rising order; the last not before the end of the training.
        length: Of the training.
    """
    if length.total is None or length.total in ends:
        return
    cycle = sum(end < length.total for end in ends)
    begin = ends[cycle - 1] if cycle else 0
    share = (length.total - begin) / (ends[cycle] - begin)
    around = [end / length.epoch for end in ends[max(0, cycle - 1) : cycle + 1]] if length.epoch else []
    better = " or ".join(f"{epochs:g}" for epochs in around)
    advice = f"; trainer.max_epochs={better} would end with a cycle" if better else ""
    log.warning(f"{name}: the training ends {share:.0%} into cycle {cycle + 1}, which is cut off{advice}.")
