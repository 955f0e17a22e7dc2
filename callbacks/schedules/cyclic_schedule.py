"""Base of schedules that repeat: how many cycles, and whether they are counted in epochs or in steps."""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import Literal

from .lr_schedule import LRSchedule, TrainingLength


class CyclicSchedule(LRSchedule):
    """Base of :class:`.SGDR` and :class:`.CyclicalLR`.

    Args:
        period: Name of the option that gives the length of a cycle, or of half of it.
        cycles: Number of cycles. Default: as many as the training has room for.
        unit: Unit of the period: ``epoch`` or ``step``. Rates change with each step either way.
        replace: Replace a schedule that the module configures; see :class:`.LRSchedule`.
        folder: Folder of ``schedule.png``; see :class:`.LRSchedule`.

    Raises:
        MisconfigurationException: The period or ``cycles`` is below 1, or there is no such unit.
    """

    def __init__(
        self,
        period: str,
        cycles: int | None,
        unit: Literal["epoch", "step"],
        replace: bool,
        folder: str | os.PathLike[str] | None,
    ) -> None:
        super().__init__(replace, folder)
        self._period, self.cycles, self.unit = period, cycles, unit
        if unit not in ("epoch", "step"):
            self._fail(f"unit={unit} must be epoch or step")
        if getattr(self, period) < 1:
            self._fail(f"{period}={getattr(self, period)} must be at least 1 ({unit})")
        if cycles is not None and cycles < 1:
            self._fail(f"cycles={cycles} must be at least 1")

    @abstractmethod
    def length_of(self, cycles: int) -> int:
        """Return the length of so many cycles, in :attr:`unit`."""

    @property
    def planned_epochs(self) -> int | None:
        """The epochs of all cycles together; ``None`` if they are counted in steps, or their number is not given."""
        return None if self.cycles is None or self.unit == "step" else self.length_of(self.cycles)

    @property
    def planned_steps(self) -> int | None:
        """The steps of all cycles together; ``None`` if they are counted in epochs, or their number is not given."""
        return None if self.cycles is None or self.unit == "epoch" else self.length_of(self.cycles)

    def period_in_steps(self, length: TrainingLength) -> int:
        """Return the period of the first cycle in optimizer steps."""
        period: int = getattr(self, self._period)
        return period * (length.epoch or 0) if self.unit == "epoch" else period

    def validate(self, length: TrainingLength) -> None:
        """Raise if a cycle can't be counted in steps."""
        if self.unit == "epoch" and length.epoch is None:
            self._fail(
                f"{self._period}={getattr(self, self._period)} epoch can't be counted in steps, as the training data have no "
                f"length; set unit=step with {self._period} in steps, or the trainer's limit_train_batches"
            )
