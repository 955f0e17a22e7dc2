"""SGD with warm restarts: the rate falls along a cosine, then starts anew; each cycle may be longer than the last.

**What it does.** Within a cycle the rate goes from its full height down to nearly nothing, smoothly, step by step. At the cycle's
end it jumps back. A jump throws the weights out of a narrow minimum and leaves them in a wide one, which generalises better;
the end of each cycle is a good model by itself (see :class:`.SnapshotEnsemble`).

**When to use it.** When one trains for long and wants usable weights all along; to collect snapshots for an ensemble; and with
next to no tuning: the highest rate that the range test allows, and how long the first cycle is.

**Defaults.** ``cycle_len=1`` epoch, ``cycle_mult=2``: cycles of 1, 2, 4 epochs, as in the 2017 course. Adam's and SGD's
momentum stay.

**Source.** Loshchilov & Hutter 2017 (SGDR), section 3, equation 5.
"""

from __future__ import annotations

import os
from typing import Literal

from .lr_schedule import Length, RateSchedule, cosine, warn_of_cut_cycle


def cycle_of(step: int, cycle_len: int, cycle_mult: float = 1) -> tuple[int, int, int]:
    """Which cycle a step is in.

    Args:
        step: From 0.
        cycle_len: Steps of the first cycle.
        cycle_mult: How many times as long each cycle is as the one before; a length is rounded to whole steps.

    Returns:
        The cycle's number from 0, its first step and its length.
    """
    if cycle_mult == 1:
        return step // cycle_len, step - step % cycle_len, cycle_len
    number, start, length = 0, 0, cycle_len
    while step >= start + length:
        number, start = number + 1, start + length
        length = round(cycle_len * cycle_mult**number)
    return number, start, length


def sgdr(step: int, cycle_len: int, cycle_mult: float = 1, low: float = 0.0) -> float:
    """The factor of a step: ``low + (1 - low) / 2 * (1 + cos(pi * T_cur / T_i))``.

    Args:
        step: From 0.
        cycle_len: Steps of the first cycle.
        cycle_mult: How many times as long each cycle is as the one before.
        low: What a cycle falls to.

    Returns:
        From 1, at a cycle's first step, towards ``low``.
    """
    _, start, length = cycle_of(step, cycle_len, cycle_mult)
    return cosine(1.0, low, (step - start) / length)


def sgdr_length(cycles: int, cycle_len: int, cycle_mult: float = 1) -> int:
    """How long so many cycles are, in the unit of ``cycle_len``: 3 of 1, doubling, are 7."""
    return sum(round(cycle_len * cycle_mult**number) for number in range(cycles))


class SGDR(RateSchedule):
    """SGD (or any optimizer) with warm restarts.

    Args:
        cycle_len: Length of the first cycle.
        cycle_mult: How many times as long each cycle is as the one before; at least 1.
        cycles: How many; ``train.py`` takes the number of epochs from it. Default: as many as the training has room for.
        low: What a cycle falls to, as a share of the rate.
        unit: What ``cycle_len`` counts: ``epoch`` or ``step``. Restarts are counted in steps either way.
        replace: Put this schedule in place of one that the module configures.
        folder: Where ``schedule.png`` goes.

    Raises:
        MisconfigurationException: See :class:`.RateSchedule`; a cycle of a single step; a number out of its range.
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
        super().__init__(replace, folder)
        self.cycle_len, self.cycle_mult, self.cycles, self.low, self.unit = cycle_len, cycle_mult, cycles, low, unit
        if cycle_len < 1:
            self._fail(f"cycle_len={cycle_len} must be at least 1 ({unit})")
        if cycle_mult < 1:
            self._fail(f"cycle_mult={cycle_mult} must be at least 1: cycles that shrink come to nothing")
        if cycles is not None and cycles < 1:
            self._fail(f"cycles={cycles} must be at least 1")
        if not 0 <= low < 1:
            self._fail(f"low={low} must be from 0 to below 1: it is the share of the rate that a cycle falls to")
        if unit not in ("epoch", "step"):
            self._fail(f"unit={unit} must be epoch or step")

    @property
    def epochs(self) -> int | None:
        """Epochs of all cycles together, where their number is given."""
        if self.cycles is None or self.unit == "step":
            return None
        return sgdr_length(self.cycles, self.cycle_len, self.cycle_mult)

    @property
    def steps_of_cycles(self) -> int | None:
        """Steps of all cycles together, where they are counted in steps and their number is given."""
        if self.cycles is None or self.unit == "epoch":
            return None
        return sgdr_length(self.cycles, self.cycle_len, self.cycle_mult)

    def _first(self, length: Length) -> int:
        """Steps of the first cycle."""
        return self.cycle_len * (length.epoch or 0) if self.unit == "epoch" else self.cycle_len

    def check(self, length: Length) -> None:
        """Raise where a cycle would be a single step or can't be counted; warn where the end cuts one."""
        if self.unit == "epoch" and length.epoch is None:
            self._fail(
                f"cycle_len={self.cycle_len} epoch can't be counted in steps, as the training data have no length; give "
                "unit=step with cycle_len in steps, or trainer.limit_train_batches"
            )
        first = self._first(length)
        if first < 2:
            self._fail(
                f"cycle_len={self.cycle_len} {self.unit} is a single step, in which nothing can fall; give a longer cycle_len, "
                "or smaller batches"
            )
        if length.total is not None:
            ends = [0]
            while ends[-1] < length.total:
                ends.append(ends[-1] + round(first * self.cycle_mult ** (len(ends) - 1)))
            warn_of_cut_cycle(type(self).__name__, ends[1:], length)

    def factor(self, step: int, length: Length) -> float:
        """See :func:`sgdr`."""
        return sgdr(step, self._first(length), self.cycle_mult, self.low)
