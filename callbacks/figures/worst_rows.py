"""The rows of a test with the highest loss, in a heap: only these are held in memory."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor


@dataclass(order=True)
class Mistake:
    """One row of a test with its loss.

    Attributes:
        loss: Of this row.
        row: Its number in the test, from 0.
        x: Its input.
        predicted: The predicted label, with its probability where there is one.
        true: The true label.
        differences: In what they differ, a line each, where a row may hold several labels.
    """

    loss: float
    row: int
    x: Tensor = field(compare=False)
    predicted: str = field(compare=False)
    true: str = field(compare=False)
    differences: Sequence[str] = field(compare=False, default=())


class WorstRows:
    """Keeps the ``count`` rows with the highest loss.

    Example:
        >>> import torch
        >>> worst = WorstRows(2)
        >>> for row, loss in enumerate([0.5, 3.0, 0.1, 2.0]):
        ...     if worst.admits(loss):
        ...         worst.add(Mistake(loss, row, torch.zeros(1), "ant", "bee"))
        >>> [mistake.row for mistake in worst.by_loss()]
        [1, 3]
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._heap: list[Mistake] = []

    def admits(self, loss: float) -> bool:
        """Whether a row with this loss would be kept. An earlier row wins a tie."""
        return len(self._heap) < self.count or loss > self._heap[0].loss

    def add(self, mistake: Mistake) -> None:
        """Add a row that is admitted; drop the one with the lowest loss if there are more than ``count``."""
        (heapq.heappush if len(self._heap) < self.count else heapq.heappushpop)(self._heap, mistake)

    def by_loss(self) -> list[Mistake]:
        """Return the rows kept, the highest loss first."""
        return sorted(self._heap, reverse=True)
