"""Loaders of whole batches."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from practicum.datamodules import BPTTWindows
from practicum.datamodules.loading.batch_loader import batch_loader, process_of


def test_a_loader_yields_the_batches_in_order_and_resumes() -> None:
    windows = BPTTWindows(np.arange(101), batch_size=2, bptt=10)
    loader = batch_loader(windows, seed=1)
    assert len(loader) == len(windows) == 5
    iterator = iter(loader)
    first = [next(iterator)[0][0, 0].item() for _ in range(2)]
    again = batch_loader(windows, seed=1)
    again.load_state_dict(loader.state_dict())
    assert first + [x[0, 0].item() for x, _ in again] == [0, 10, 20, 30, 40]


def test_without_a_trainer_there_is_one_process() -> None:
    assert process_of(None) == {"rank": 0, "world_size": 1}
    assert process_of(SimpleNamespace(global_rank=1, world_size=3)) == {"rank": 1, "world_size": 3}  # type: ignore[arg-type]
