"""The heap of highest losses."""

from __future__ import annotations

import random

import torch
from practicum.callbacks.figures.worst_rows import Mistake, WorstRows


def test_keeps_the_highest_losses_whatever_the_order() -> None:
    losses = [number / 7 for number in range(50)]
    random.Random(3).shuffle(losses)
    worst = WorstRows(5)
    for row, loss in enumerate(losses):
        if worst.admits(loss):
            worst.add(Mistake(loss, row, torch.zeros(1), "a", "b"))
    assert [each.loss for each in worst.by_loss()] == sorted(losses, reverse=True)[:5]
    assert all(losses[each.row] == each.loss for each in worst.by_loss())


def test_an_earlier_row_wins_a_tie() -> None:
    worst = WorstRows(1)
    worst.add(Mistake(1.0, 0, torch.zeros(1), "a", "b"))
    assert not worst.admits(1.0)
    assert worst.admits(1.1)
