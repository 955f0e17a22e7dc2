"""SGD with warm restarts: the rate falls along a cosine and restarts; each cycle may be longer than the one before.

**What it does.** Within a cycle the rate falls from its full value to nearly zero, smoothly, step by step; at the cycle's end it
jumps back. A jump throws the weights out of a narrow minimum but leaves them in a wide one, which generalises better. The model
at the end of each cycle is good by itself (see :class:`.SnapshotEnsemble`).

**When to use it.** For long trainings that should give usable weights all along, and to collect snapshots for an ensemble. It
needs little tuning: the highest rate that the range test allows, and the length of the first cycle.

**Defaults.** ``cycle_len=1`` epoch, ``cycle_mult=2``: cycles of 1, 2, 4 epochs, as in the 2017 course. Momentum is left
alone.

**Source.** Loshchilov & Hutter 2017 (SGDR), section 3, equation 5.
"""

from __future__ import annotations

import os
from typing import Literal

from .annealing import cosine_anneal
from .cyclic_schedule import CyclicSchedule
from .lr_schedule import TrainingLength, warn_of_cut_cycle


def cycle_of(step: int, cycle_len: int, cycle_mult: float = 1, unit: int = 1) -> tuple[int, int, int]:
    """Return the cycle that a step is in.

    Args:
        step: From 0.
        cycle_len: Length of the first cycle, in units.
        cycle_mult: Length of each cycle divided by that of the one before; lengths are rounded to whole units.
        unit: Steps of a unit: those of an epoch, or 1.

    Returns:
        The cycle's number (from 0), its first step and its length in steps.
    """
    first = cycle_len * unit
    if cycle_mult == 1:
        return step // first, step - step % first, first
    number, start, length = 0, 0, first
    while step >= start + length:
        number, start = number + 1, start + length
        length = round(cycle_len * cycle_mult**number) * unit
    return number, start, length


def sgdr(step: int, cycle_len: int, cycle_mult: float = 1, low: float = 0.0, unit: int = 1) -> float:
    """Return the multiplier of a step: ``low + (1 - low) / 2 * (1 + cos(pi * T_cur / T_i))``.

    Args:
        step: From 0.
        cycle_len: Length of the first cycle, in units.
        cycle_mult: Length of each cycle divided by that of the one before; lengths are rounded to whole units.
        low: Multiplier at the end of a cycle.
        unit: Steps of a unit: those of an epoch, or 1.

    Returns:
        From 1, at a cycle's first step, towards ``low``.
    """
    _, start, length = cycle_of(step, cycle_len, cycle_mult, unit)
    return cosine_anneal(1.0, low, (step - start) / length)


def sgdr_length(cycles: int, cycle_len: int, cycle_mult: float = 1) -> int:
    """Return the length of so many cycles in the unit of ``cycle_len``: three that double from 1 are 7."""
    return sum(round(cycle_len * cycle_mult**number) for number in range(cycles))


class SGDR(CyclicSchedule):
    """SGD (or any optimizer) with warm restarts.

    Args:
        cycle_len: Length of the first cycle.
        cycle_mult: Length of each cycle divided by that of the one before; at least 1. Lengths are rounded to whole epochs, or
            steps, so that a training of whole epochs can end with a cycle.
        cycles: Number of cycles, from which :attr:`planned_epochs` or :attr:`planned_steps` follows. Default: as many as the
            training has room for.
        low: Rate at the end of a cycle, as a share of the optimizer's.
        unit: Unit of ``cycle_len``: ``epoch`` or ``step``. Rates change with each step either way.
        replace: Replace a schedule that the module configures; see :class:`.LRSchedule`.
        folder: Folder of ``schedule.png``; see :class:`.LRSchedule`.

    Raises:
        MisconfigurationException: See :class:`.LRSchedule`; a cycle is a single step, or a number is out of range.

    Example:
        >>> from practicum.callbacks import SGDR
        >>> schedule = SGDR(cycle_len=1, cycle_mult=2, cycles=2)
        >>> schedule.planned_epochs
        3
        >>> [round(lr, 3) for lr in schedule.simulate(steps=6, steps_per_epoch=2, lr=0.1)]
        [0.1, 0.05, 0.1, 0.085, 0.05, 0.015]
    """

    def __init__(
        self,
        cycle_len: int = 1,
        cycle_mult: float = 2,
        cycles: int | None = None,
        low: float = 0.0,
        unit: Literal["epoch", "step"] = "epoch",
        replace: bool = False,
        folder: str | os.PathLike[str] | None = None,
    ) -> None:
        self.cycle_len, self.cycle_mult, self.low = cycle_len, cycle_mult, low
        super().__init__("cycle_len", cycles, unit, replace, folder)
        if cycle_mult < 1:
            self._fail(f"cycle_mult={cycle_mult} must be at least 1: cycles must not shrink")
        if not 0 <= low < 1:
            self._fail(f"low={low} must be at least 0 and below 1 (share of the rate that a cycle falls to)")

    def length_of(self, cycles: int) -> int:
        """Return :func:`sgdr_length`'s length."""
        return sgdr_length(cycles, self.cycle_len, self.cycle_mult)

    def validate(self, length: TrainingLength) -> None:
        """Raise if a cycle is a single step or can't be counted in steps; warn if the training's end cuts one."""
        super().validate(length)
        first = self.period_in_steps(length)
        if first < 2:
            self._fail(
                f"cycle_len={self.cycle_len} {self.unit} is a single step, in which the rate can't fall; set a longer "
                "cycle_len, or smaller batches"
            )
        if length.total is not None:
            unit, ends = first // self.cycle_len, [0]
            while ends[-1] < length.total:
                ends.append(self.length_of(len(ends)) * unit)
            warn_of_cut_cycle(type(self).__name__, ends[1:], length)

    def multiplier(self, step: int, length: TrainingLength) -> float:
        """Return :func:`sgdr`'s multiplier."""
        unit = self.period_in_steps(length) // self.cycle_len
        return sgdr(step, self.cycle_len, self.cycle_mult, self.low, unit)
