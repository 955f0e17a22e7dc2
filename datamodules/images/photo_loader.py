"""A data loader whose worker processes leave no trace in a training.

**What it does.** torch draws a seed for the workers from the global random number generator whenever it makes an iterator.
Without workers that is once a pass; workers that stay alive draw once a fit, and once more after a resume, whereupon dropout
differs. Here each pass draws once, whatever the number of workers. The state, too, is that of a loader without workers: an
interrupted training goes on with any number of them. And no batch is made before the first one is asked for: one of photos, made
ahead of a training on stored features, is not bit-equal to its features.

**What it needs.** A map-style data set that draws nothing from global generators in its workers, and a sampler with a state.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torchdata.stateful_dataloader import StatefulDataLoader
from torchdata.stateful_dataloader.incremental_state import _DATASET_STATE, _FETCHER_STATE
from torchdata.stateful_dataloader.stateful_dataloader import (
    _INDEX_SAMPLER_STATE,
    _ITERABLEDATASET_LEN_CALLED,
    _ITERATOR_FINISHED,
    _SAMPLER_ITER_STATE,
    _SAMPLER_ITER_YIELDED,
    _SHARED_SEED,
)
from torchdata.stateful_dataloader.stateful_dataloader import (
    _StatefulMultiProcessingDataLoaderIter as _Workers,
)
from torchdata.stateful_dataloader.stateful_dataloader import (
    _StatefulSingleProcessDataLoaderIter as _NoWorkers,
)

_OF_BOTH = (_INDEX_SAMPLER_STATE, _SAMPLER_ITER_STATE, _SAMPLER_ITER_YIELDED, _ITERABLEDATASET_LEN_CALLED, _SHARED_SEED)


class PhotoLoader(StatefulDataLoader[Any]):
    """A :class:`StatefulDataLoader` that draws and resumes alike with any number of workers; options are the same."""

    def __iter__(self) -> Iterator[Any]:
        if self.num_workers == 0:
            return super().__iter__()
        if not self._initial_iter_for_state_dict:
            torch.empty((), dtype=torch.int64).random_()  # as a loader without workers does
        return self._batches()

    def _batches(self) -> Iterator[Any]:
        """Let workers begin when the first batch is asked for: until then a callback may choose what batches are of."""
        before = torch.get_rng_state()
        iterator = super().__iter__()
        torch.set_rng_state(before)
        yield from iterator

    def state_dict(self) -> dict[str, Any]:
        """The position in the data, in the form of a loader without workers."""
        return _without_workers(super().state_dict())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue where a state was taken, of a loader with any number of workers."""
        state = _without_workers(state_dict) if state_dict else state_dict
        super().load_state_dict(_with_workers(state, self.num_workers) if state and self.num_workers else state)


def _without_workers(state: dict[str, Any]) -> dict[str, Any]:
    if _Workers._SNAPSHOT not in state:
        return state
    snapshot = state[_Workers._SNAPSHOT]
    return {
        **{key: snapshot[_Workers._MAIN_SNAPSHOT][key] for key in _OF_BOTH},
        _NoWorkers._NUM_YIELDED: snapshot[_Workers._SNAPSHOT_STEP] + state[_Workers._STEPS_SINCE_SNAPSHOT],
        _FETCHER_STATE: None,
        _DATASET_STATE: None,
        _ITERATOR_FINISHED: state[_ITERATOR_FINISHED],
    }


def _with_workers(state: dict[str, Any], workers: int) -> dict[str, Any]:
    main = {_Workers._NUM_WORKERS: workers, **{key: state[key] for key in _OF_BOTH}, _Workers._BASE_SEED: 0}
    snapshot = {
        _Workers._SNAPSHOT_STEP: state[_NoWorkers._NUM_YIELDED],
        _Workers._LAST_YIELDED_WORKER_ID: workers - 1,  # the first worker is next
        _Workers._MAIN_SNAPSHOT: main,
        _Workers._WORKER_SNAPSHOTS: {},  # the data set has no state
    }
    return {
        _Workers._SNAPSHOT: snapshot,
        _Workers._STEPS_SINCE_SNAPSHOT: 0,
        _ITERATOR_FINISHED: state[_ITERATOR_FINISHED],
    }
