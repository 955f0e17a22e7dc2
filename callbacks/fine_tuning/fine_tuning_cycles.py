"""One cycle for the head, further and lower ones for what is unfrozen after it.

**What it does.** A 1cycle for each part of a fine-tuning: the head alone first, to its end, then all layers from a far lower
peak. Without :class:`.GradualUnfreezing`, or with random weights, which it leaves alone, the whole training is one cycle.

**When to use it.** Together with :class:`.GradualUnfreezing`. In one cycle over the whole training the rate
is still high when layers are unfrozen, and the first steps destroy what was learnt; a head that is trained to its end first keeps
them small (Kumar et al. 2022).

**Defaults.** A cycle begins wherever :class:`.GradualUnfreezing` unfreezes layers; it peaks at a fiftieth of the rate of the one
before.

**Sources.** fastai's ``fine_tune`` (``freeze``, ``fit_one_cycle``, ``unfreeze``, ``fit_one_cycle``); Kumar et al. 2022,
"Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution", section 3.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Sequence

from practicum.lightning_shim import LightningModule, Trainer

from ..schedules.lr_schedule import TrainingLength
from ..schedules.one_cycle import OneCycle
from .epoch_shares import check_epochs, epochs_of
from .gradual_unfreezing import GradualUnfreezing


class FineTuningCycles(OneCycle):
    """A 1cycle up to each point in ``at`` and one to the end, each lower than the one before.

    Args:
        at: Epochs, or shares of the training between 0 and 1, at whose start a further cycle begins. Default: those of
            :class:`.GradualUnfreezing`; none without it.
        lr_div: Each cycle's peak divided by that of the next.
        pct_start: Share of each cycle in which the rate rises.
        div: Peak rate divided by a cycle's first.
        div_final: Peak rate divided by a cycle's last.
        momentum: At the start, at the peak rate, at the end of each cycle; ``None`` leaves the optimizer's own.
        replace: Replace a schedule that the module configures; see :class:`.LRSchedule`.
        folder: Folder of ``schedule.png``; see :class:`.LRSchedule`.

    Raises:
        MisconfigurationException: See :class:`.OneCycle`; ``at`` or ``lr_div`` is out of range, or the training data have no
            length.

    Example:
        >>> from practicum.callbacks import FineTuningCycles
        >>> schedule = FineTuningCycles(at=[0.5], lr_div=10, div=10, pct_start=0.5)
        >>> [round(lr, 3) for lr in schedule.simulate(steps=8, steps_per_epoch=2, lr=1.0)]
        [0.1, 0.55, 1.0, 0.5, 0.01, 0.055, 0.1, 0.05]
    """

    def __init__(
        self,
        at: Sequence[float] | None = None,
        lr_div: float = 50.0,
        pct_start: float = 0.25,
        div: float = 25.0,
        div_final: float = 1e5,
        momentum: Sequence[float] | None = (0.95, 0.85, 0.95),
        replace: bool = False,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(pct_start, div, div_final, momentum, replace, folder)
        self.at, self.lr_div = at, lr_div
        self._at = list(at or ())
        check_epochs(type(self).__name__, "at", self._at)
        if lr_div < 1:
            self._fail(f"lr_div={lr_div} must be at least 1 (a cycle's peak divided by that of the next)")

    def validate(self, length: TrainingLength) -> None:
        """Raise if the points of a training can't be counted in steps."""
        super().validate(length)
        if self._at and length.epoch is None:
            self._fail("at can't be counted in steps, as the training data have no length; set the trainer's limit_train_batches")

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Ask when layers are unfrozen, and hand the scheduler to the trainer."""
        if self.at is None:
            unfreezing = [
                each
                for each in trainer.callbacks  # type: ignore[attr-defined]
                if isinstance(each, GradualUnfreezing) and each.applies_to(pl_module)
            ]
            self._at = sorted({point for each in unfreezing for point in each.at})
        super().on_fit_start(trainer, pl_module)

    def multiplier(self, step: int, length: TrainingLength) -> float:
        """Return the multiplier of the present cycle, lower in later ones."""
        cycle, within, cycle_length = self._cycle(step, length)
        return super().multiplier(within, cycle_length) / self.lr_div**cycle

    def momentum(self, step: int, length: TrainingLength) -> float | None:
        """Return the momentum, which moves opposite to the rate."""
        _, within, cycle_length = self._cycle(step, length)
        return super().momentum(within, cycle_length)

    def _cycle(self, step: int, length: TrainingLength) -> tuple[int, int, TrainingLength]:
        """Return which cycle a step is in, where in it, and its length."""
        total, epoch = length.total or 1, length.epoch
        if not self._at or epoch is None:
            return 0, step, length
        points = epochs_of(type(self).__name__, "at", self._at, -(-total // epoch))
        starts = sorted({0, *(point * epoch for point in points if point * epoch < total)})
        cycle = bisect_right(starts, step) - 1
        end = [*starts, total][cycle + 1]
        return cycle, step - starts[cycle], TrainingLength(epoch, end - starts[cycle])
