"""The exponential decay that cyclical rates are compared with: the same factor in each step."""

from __future__ import annotations

from practicum.callbacks.schedules.lr_schedule import LRSchedule, TrainingLength


class ExponentialDecay(LRSchedule):
    """Multiply the rate by the same factor in each step.

    Args:
        last: Share of the rate that the last step has.
    """

    def __init__(self, last: float) -> None:
        super().__init__()
        self.last = last

    def multiplier(self, step: int, length: TrainingLength) -> float:
        assert length.total is not None
        return float(self.last ** (step / max(length.total - 1, 1)))
