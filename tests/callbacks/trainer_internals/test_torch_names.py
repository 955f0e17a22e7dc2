"""Torch's private names do what their public ones say."""

from __future__ import annotations

import torch
from practicum.callbacks.trainer_internals.torch_names import BatchNorm, inner_schedulers, set_last_lr, tree_map_only
from torch import nn
from torch.optim import lr_scheduler


def test_every_batch_norm_is_one() -> None:
    for layer in (nn.BatchNorm1d(2), nn.BatchNorm2d(2), nn.BatchNorm3d(2), nn.SyncBatchNorm(2)):
        assert isinstance(layer, BatchNorm)
    assert not isinstance(nn.LayerNorm(2), BatchNorm)


def test_schedulers_within_schedulers() -> None:
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    inner = [lr_scheduler.ConstantLR(optimizer), lr_scheduler.StepLR(optimizer, 1)]
    assert list(inner_schedulers(lr_scheduler.SequentialLR(optimizer, inner, [1]))) == inner
    assert list(inner_schedulers(lr_scheduler.ChainedScheduler(inner))) == inner
    assert inner_schedulers(inner[0]) == []


def test_the_last_rate_is_what_a_scheduler_reports() -> None:
    scheduler = lr_scheduler.ConstantLR(torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0))
    set_last_lr(scheduler, [0.25])
    assert scheduler.get_last_lr() == [0.25]


def test_only_tensors_of_a_nest_are_mapped() -> None:
    nest = {"a": torch.ones(1), "b": [torch.ones(1), None, 3]}
    assert tree_map_only(torch.Tensor, float, nest) == {"a": 1.0, "b": [1.0, None, 3]}
