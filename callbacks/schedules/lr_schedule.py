"""What every learning-rate schedule here shares: it turns a pure function of the step into a scheduler that the trainer steps.

**What it does.** A schedule maps a step to a *multiplier*. :class:`LRSchedule` hands the trainer one torch scheduler made of it
(:class:`.FactorLR`), stepped after each optimizer step. So Lightning steps, checkpoints, restores and logs it like any other
scheduler; and as the multiplier applies to each parameter group's own rate, discriminative rates are preserved.

**When to use it.** To write a schedule of your own: a subclass implements :meth:`LRSchedule.multiplier`, and
:meth:`LRSchedule.momentum` if it cycles momentum too.
"""

from __future__ import annotations

import logging
import math
import os
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from matplotlib.figure import Figure
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer, classes, part_of
from torch.optim import Optimizer

from ..figures.figure_callback import never_fatal
from ..files.output_path import output_path
from ..roles import OutsideTrials
from .factor_lr import FactorLR, momentum_of
from .param_group_lrs import reset_to_peak_lr
from .schedule_figure import Curve, draw_schedule, schedule_curves

log = logging.getLogger(__name__)

_MAX_HISTORY = 4096  # recorded steps; beyond it every second one is dropped


class TrainingLength(NamedTuple):
    """The length of a training in optimizer steps; ``None`` where it is not known."""

    epoch: int | None = None
    total: int | None = None


class LRSchedule(OutsideTrials):
    """Base of the schedules: gives the trainer a scheduler, and draws the planned and the actual rates.

    Works with any LightningModule under automatic optimization and any optimizer; a schedule that cycles momentum needs an
    optimizer that has it (``momentum`` above 0, or ``betas``). The multiplier applies to each parameter group's rate as
    ``configure_optimizers`` sets it.

    Args:
        replace: Replace a schedule that the module configures. By default that is an error.
        folder: Folder of ``schedule.png``; a relative one is below the trainer's ``default_root_dir``. Default: no figure.

    Raises:
        MisconfigurationException: The module configures a schedule of its own, optimizes by hand, or has no momentum to cycle;
            the length of the training is not known, or it is too short for this schedule.

    Example:
        >>> from practicum.callbacks import LRSchedule
        >>> class InverseSquareRoot(LRSchedule):
        ...     def multiplier(self, step, length):
        ...         return (1 + step) ** -0.5
        >>> InverseSquareRoot().simulate(steps=4, lr=0.1)
        [0.1, 0.0707..., 0.0577..., 0.05]
    """

    def __init__(self, replace: bool = False, folder: str | os.PathLike[str] | None = None) -> None:
        super().__init__()
        self.replace, self.folder = replace, folder
        self.length: TrainingLength | None = None
        self._scheduler: FactorLR | None = None
        self._history: list[tuple[int, float, float | None]] = []  # step, rate, momentum
        self._stride = 1

    # What a schedule is -----------------------------------------------------------------------------------------------

    @abstractmethod
    def multiplier(self, step: int, length: TrainingLength) -> float:
        """Return what multiplies each group's rate at ``step`` (from 0) of a training of ``length``."""

    def momentum(self, step: int, length: TrainingLength) -> float | None:
        """Return the momentum at ``step``; ``None`` leaves the optimizer's own."""
        return None

    @property
    def planned_epochs(self) -> int | None:
        """The number of epochs that this schedule is made for; ``None`` where any number will do."""
        return None

    @property
    def planned_steps(self) -> int | None:
        """The number of optimizer steps that this schedule is made for; ``None`` where any number will do."""
        return None

    def validate(self, length: TrainingLength) -> None:
        """Raise if the schedule does not fit a training of ``length``; warn if it fits badly."""
        if length.total is None:
            self._fail("the length of the training is not known; set the trainer's max_steps, or its limit_train_batches")
        elif length.total < 2:
            self._fail(f"the whole training is {length.total} step long; train longer, use smaller batches, or no schedule")

    def simulate(self, steps: int, steps_per_epoch: int | None = None, lr: float = 1.0) -> list[float]:
        """Return the rate of each step of a training, without training anything.

        Args:
            steps: Optimizer steps in total.
            steps_per_epoch: Needed by schedules that count in epochs.
            lr: The optimizer's rate.
        """
        length = TrainingLength(steps_per_epoch, steps)
        self.validate(length)
        return [lr * self.multiplier(step, length) for step in range(steps)]

    def _fail(self, why: str) -> NoReturn:
        raise MisconfigurationException(f"{type(self).__name__}: {why}.")

    # How it gets into the trainer -------------------------------------------------------------------------------------

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Hand the scheduler to the trainer, before a checkpoint's state is loaded into it."""
        name = type(pl_module).__name__
        if not pl_module.automatic_optimization:
            self._fail(
                f"{name} optimizes by hand (automatic_optimization=False), where Lightning steps no scheduler; step one in its "
                "training_step, or leave this callback out"
            )
        if len(trainer.optimizers) != 1:
            self._fail(f"{name} has {len(trainer.optimizers)} optimizers, but one is needed")
        optimizer = trainer.optimizers[0]
        configs = trainer.strategy.lr_scheduler_configs
        if configs:
            if not self.replace:
                kind = type(configs[0].scheduler).__name__
                self._fail(f"{name} configures a schedule of its own ({kind}); replace=True replaces it with this one")
            theirs = [config.scheduler for config in configs]
            configs.clear()
            reset_to_peak_lr(optimizer, theirs)
        if self.momentum(0, TrainingLength(2, 2)) is not None and not all(momentum_of(group) for group in optimizer.param_groups):
            self._fail(
                f"momentum can't cycle: {type(optimizer).__name__} has none, or has it at 0; momentum=None leaves it alone"
            )
        self.length = None
        self._scheduler = FactorLR(optimizer, self._multiplier_now, self._momentum_now)
        configs.append(part_of(trainer, "utilities.types").LRSchedulerConfig(self._scheduler, interval="step"))

    def _multiplier_now(self, step: int) -> float:
        # The training's length is known only once its data are loaded; no step is taken before that.
        return 1.0 if self.length is None else self.multiplier(step, self.length)

    def _momentum_now(self, step: int) -> float | None:
        return None if self.length is None else self.momentum(step, self.length)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Determine the training's length and set the present step's rate; after a resume that may be any step."""
        assert self._scheduler is not None
        self.length = self._length_of(trainer)
        if not self._scheduler.last_epoch and self.length.total is not None:  # the same trainer may go on, in a fit of its own
            self.length = self.length._replace(total=self.length.total - self._taken(trainer, self.length.epoch))
        if not trainer.fast_dev_run:  # type: ignore[attr-defined]
            self.validate(self.length)
        self._scheduler.refresh()

    @staticmethod
    def _taken(trainer: Trainer, epoch: int | None) -> int:
        """Steps of the schedule before this fit; ``global_step`` counts parts of batches where TruncatedBPTT splits them."""
        return trainer.global_step if epoch is None or trainer.max_steps != -1 else trainer.current_epoch * epoch

    def _length_of(self, trainer: Trainer) -> TrainingLength:
        batches, total = trainer.num_training_batches, trainer.estimated_stepping_batches
        epoch = None if math.isinf(batches) else math.ceil(batches / trainer.accumulate_grad_batches)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, classes("callbacks.GradientAccumulationScheduler")) and any(
                each > 1 for each in callback.scheduling.values()
            ):
                self._fail(
                    "GradientAccumulationScheduler changes how many batches make a step, so that steps can't be counted; a "
                    "constant number is the trainer's accumulate_grad_batches"
                )
        return TrainingLength(epoch, None if math.isinf(total) or total < 0 else int(total))

    # Record -----------------------------------------------------------------------------------------------------------

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Record rate and momentum of the group with the highest rate."""
        if self.folder is None or self._scheduler is None or self._scheduler.last_epoch % self._stride:
            return
        step = self._scheduler.last_epoch
        if self._history and step <= self._history[-1][0]:  # another fit with the same object
            self._history, self._stride = [], 1
        group = max(optimizer.param_groups, key=lambda each: float(each["lr"]))
        self._history.append((step, float(group["lr"]), momentum_of(group)))
        if len(self._history) > _MAX_HISTORY:
            self._stride *= 2
            self._history = [each for each in self._history if each[0] % self._stride == 0]

    def state_dict(self) -> dict[str, Any]:
        """Return the record so far; the position is in the scheduler's state."""
        return {"history": list(self._history), "stride": self._stride}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue the record."""
        self._history, self._stride = [tuple(each) for each in state_dict["history"]], state_dict["stride"]

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw ``schedule.png``; a training that was whole before it was resumed has drawn it."""
        if self.folder is None or not self._history or self.length is None or not trainer.is_global_zero:
            return
        with never_fatal(trainer, type(self).__name__):
            path = output_path(trainer, self.folder, "schedule.png")
            draw_schedule(self._curves(), type(self).__name__, path, self._unreached())

    def _unreached(self) -> int | None:
        """The planned number of steps, where a training ended before it."""
        total = None if self.length is None else self.length.total
        taken = 0 if self._scheduler is None else self._scheduler.last_epoch
        return total if total is not None and taken < total else None

    def _curves(self) -> list[Curve]:
        length, scheduler = self.length, self._scheduler
        assert length is not None
        assert scheduler is not None
        top = max(float(each) for each in scheduler.base_lrs)
        return schedule_curves(
            lambda step: top * self.multiplier(step, length),
            lambda step: self.momentum(step, length),
            self._history,
            last=scheduler.last_epoch - 1,  # of the steps that were taken: the next would begin another cycle
        )

    def plot(self) -> Figure:
        """The rate by step as it was planned, up to where the fit ended, as a figure, which a notebook shows.

        With ``folder`` also as it was: then it is recorded.

        Raises:
            MisconfigurationException: There was no fit yet.
        """
        if self.length is None or self._scheduler is None:
            self._fail("nothing is drawn yet; plot() shows the schedule of a fit")
        return draw_schedule(self._curves(), type(self).__name__, None)


def warn_of_cut_cycle(name: str, ends: Sequence[int], length: TrainingLength) -> None:
    """Warn if a training ends within a cycle, and name the numbers of epochs that would not cut one.

    Args:
        name: The schedule.
        ends: Steps at which cycles end, in rising order; the last one not before the end of the training.
        length: Of the training.
    """
    if length.total is None or length.total in ends:
        return
    cycle = sum(end < length.total for end in ends)
    begin = ends[cycle - 1] if cycle else 0
    share = (length.total - begin) / (ends[cycle] - begin)
    around = [end / length.epoch for end in ends[max(0, cycle - 1) : cycle + 1]] if length.epoch else []
    better = " or ".join(f"{epochs:g}" for epochs in around)
    advice = f"; max_epochs={better} would end with a cycle" if better else ""
    log.warning(f"{name}: the training ends {share:.0%} into cycle {cycle + 1}, which is cut off{advice}.")
