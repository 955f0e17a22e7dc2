"""Cyclical learning rates: the rate rises and falls linearly between two bounds, again and again.

**What it does.** From ``low`` up to the optimizer's rate in ``step_size``, down again in as many, and so on. Modes:
``triangular`` (all peaks are equal), ``triangular2`` (each is half as high above ``low`` as the one before), ``exp_range`` (peaks
decay by ``gamma`` per step).

**When to use it.** When the best rate is known only roughly: it lies between the bounds that a range test shows, and the rate
passes through all values between them. Stop at a cycle's end, where the rate is lowest.

**Defaults.** ``low`` is a quarter of the rate and ``step_size`` two epochs; the paper advises a third or a quarter, and 2 to 10
epochs.

**Source.** Smith 2015, "Cyclical learning rates for training neural networks", section 3; momentum opposite to the rate:
Smith 2018, section 4.3.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Literal, TypeAlias

from .annealing import linear_anneal
from .cyclic_schedule import CyclicSchedule
from .lr_schedule import TrainingLength, warn_of_cut_cycle

Mode: TypeAlias = Literal["triangular", "triangular2", "exp_range"]


def cyclical(step: int, step_size: int, low: float = 0.25, mode: Mode = "triangular", gamma: float = 0.9999) -> float:
    """Return the multiplier of a step.

    Args:
        step: From 0.
        step_size: Steps from the lowest rate to the highest: half a cycle.
        low: The lowest multiplier; the highest is 1.
        mode: How peaks shrink: ``triangular`` not at all, ``triangular2`` by half per cycle, ``exp_range`` by ``gamma`` per step.
        gamma: Decay per step of ``exp_range``.

    Returns:
        From ``low`` to 1.
    """
    cycle = math.floor(1 + step / (2 * step_size))
    height = max(0.0, 1 - abs(step / step_size - 2 * cycle + 1))
    scale = {"triangular": 1.0, "triangular2": 0.5 ** (cycle - 1), "exp_range": gamma**step}[mode]
    return low + (1 - low) * height * scale


class CyclicalLR(CyclicSchedule):
    """Triangular cycles between a share of the optimizer's rate and that rate.

    Args:
        step_size: Length of half a cycle: from the lowest rate to the highest.
        unit: Unit of ``step_size``: ``epoch`` or ``step``.
        mode: ``triangular``, ``triangular2`` or ``exp_range``; see :func:`cyclical`.
        low: The lowest rate, as a share of the optimizer's, which is the highest.
        gamma: Decay per step of ``exp_range``.
        momentum: ``[at the lowest rate, at the highest]``, e.g. ``[0.95, 0.85]``. Default: left alone, as in the 2015 paper.
        cycles: Number of cycles, from which :attr:`planned_epochs` or :attr:`planned_steps` follows. Default: as many as the
            training has room for.
        replace: Replace a schedule that the module configures; see :class:`.LRSchedule`.
        folder: Folder of ``schedule.png``; see :class:`.LRSchedule`.

    Raises:
        MisconfigurationException: See :class:`.LRSchedule`; a number is out of range.

    Example:
        >>> from practicum.callbacks import CyclicalLR
        >>> schedule = CyclicalLR(step_size=2, unit="step", low=0.2)
        >>> [round(lr, 3) for lr in schedule.simulate(steps=8, lr=0.1)]
        [0.02, 0.06, 0.1, 0.06, 0.02, 0.06, 0.1, 0.06]
    """

    def __init__(
        self,
        step_size: int = 2,
        unit: Literal["epoch", "step"] = "epoch",
        mode: Mode = "triangular",
        low: float = 0.25,
        gamma: float = 0.9999,
        momentum: Sequence[float] | None = None,
        cycles: int | None = None,
        replace: bool = False,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self.step_size, self.mode, self.low, self.gamma = step_size, mode, low, gamma
        self.momentums = None if momentum is None else tuple(momentum)
        super().__init__("step_size", cycles, unit, replace, folder)
        if not 0 <= low < 1:
            self._fail(
                f"low={low} must be at least 0 and below 1 (lower bound as a share of the upper, which is the optimizer's rate)"
            )
        if mode not in ("triangular", "triangular2", "exp_range"):
            self._fail(f"mode={mode} must be triangular, triangular2 or exp_range")
        if not 0 < gamma <= 1:
            self._fail(f"gamma={gamma} must be above 0 and at most 1")
        if self.momentums is not None and not (len(self.momentums) == 2 and all(0 < each < 1 for each in self.momentums)):
            self._fail(f"momentum={list(self.momentums)} must be two numbers between 0 and 1: at the lowest rate, at the highest")

    def length_of(self, cycles: int) -> int:
        """Return the length of so many cycles."""
        return 2 * self.step_size * cycles

    def validate(self, length: TrainingLength) -> None:
        """Raise if a cycle can't be counted in steps; warn if the training's end cuts one."""
        super().validate(length)
        if length.total is not None:
            if length.total < 2:
                self._fail(f"the whole training is {length.total} step long; train longer, or use smaller batches")
            whole = 2 * self.period_in_steps(length)
            warn_of_cut_cycle(type(self).__name__, [whole * i for i in range(1, length.total // whole + 2)], length)

    def multiplier(self, step: int, length: TrainingLength) -> float:
        """Return :func:`cyclical`'s multiplier."""
        return cyclical(step, self.period_in_steps(length), self.low, self.mode, self.gamma)

    def momentum(self, step: int, length: TrainingLength) -> float | None:
        """Return the momentum: lowest where the rate is highest."""
        if self.momentums is None:
            return None
        low, high = self.momentums
        return linear_anneal(low, high, (self.multiplier(step, length) - self.low) / (1 - self.low))
