"""Points of a training: shares become epochs, both sides of which are trained; nonsense is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from practicum.callbacks import GradualUnfreezing
from practicum.callbacks.fine_tuning.epoch_shares import epochs_of
from practicum.lightning_shim import MisconfigurationException, Trainer

from .test_gradual_unfreezing import GROUPS, Foreign, Spy, loader

HEAD_ALONE, ALL = [True, True, False], [False, False, False]


@pytest.mark.parametrize(
    ("at", "epochs", "expected"),
    [
        ([0.8], 10, [8]),
        ([0.8], 5, [4]),
        ([0.8], 2, [1]),  # one epoch for each part
        ([0.8], 1, [1]),  # a single epoch is the head's
        ([0.08, 0.17, 0.25], 12, [1, 2, 3]),
        ([0.08, 0.17, 0.25], 5, [1, 1, 1]),
        ([1, 2], 100, [1, 2]),  # epochs stay epochs
        ([0, 0.5], 4, [0, 2]),
        ([2.0], 4, [2]),
    ],
)
def test_shares_become_epochs(at: list[float], epochs: int, expected: list[int]) -> None:
    assert epochs_of("GradualUnfreezing", "at", at, epochs) == expected


@pytest.mark.parametrize(
    ("options", "head_epochs", "epochs"),
    [
        ({"max_epochs": 4}, 2, 4),
        ({"max_epochs": -1, "max_steps": 12}, 2, 4),  # three batches an epoch
        ({"max_epochs": -1, "max_steps": 6, "accumulate_grad_batches": 2}, 2, 3),
        ({"max_epochs": 10, "max_steps": 12}, 2, 4),  # whichever comes first
    ],
)
def test_a_share_is_of_what_is_planned(
    make_trainer: Callable[..., Trainer], options: dict[str, Any], head_epochs: int, epochs: int
) -> None:
    spy = Spy()
    make_trainer(**options, callbacks=[GradualUnfreezing(at=[0.5], groups=GROUPS), spy]).fit(Foreign(), loader())
    assert spy.frozen == [HEAD_ALONE] * head_epochs + [ALL] * (epochs - head_epochs)


def test_a_share_of_steps_by_hand_is_refused(make_trainer: Callable[..., Trainer]) -> None:
    """How many steps a batch makes is the module's business, so that max_steps says nothing of epochs."""

    class ByHand(Foreign):
        automatic_optimization = False

    trainer = make_trainer(max_epochs=-1, max_steps=12, callbacks=[GradualUnfreezing(at=[0.5], groups=GROUPS)])
    with pytest.raises(MisconfigurationException, match="number of epochs is not known"):
        trainer.fit(ByHand(), loader())


def test_a_share_of_a_training_without_end_is_refused(make_trainer: Callable[..., Trainer]) -> None:
    trainer = make_trainer(max_epochs=-1, max_time={"minutes": 1}, callbacks=[GradualUnfreezing(at=[0.5], groups=GROUPS)])
    with pytest.raises(MisconfigurationException, match="number of epochs is not known"):
        trainer.fit(Foreign(), loader())


@pytest.mark.parametrize("at", [[-0.1], [0.5, 0.2], [1.5], [1, 1]])
def test_what_is_no_point_of_a_training_is_refused(at: list[float]) -> None:
    with pytest.raises(MisconfigurationException, match="GradualUnfreezing: at=.* shares of the training between 0 and 1"):
        GradualUnfreezing(at=at)
