"""The state of Lightning's loops, in particular what its checkpoints leave out.

These are averages of logged values and metrics within an epoch, the state of the loaders' random number generators and the row of
the log that is about to be written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, Trainer
from torchmetrics import Metric

from .loaders import generators_of, train_loaders


def loader_generators(trainer: Trainer) -> list[torch.Generator]:
    """Return the random number generators of the training loaders, their samplers and data sets."""
    return [each for loader in train_loaders(trainer) for each in generators_of(loader)]


def epoch_averages(trainer: Trainer) -> dict[str, dict[str, Any]]:
    """Return the running averages of logged values; none at an epoch's end, where Lightning has read them already."""
    if trainer._logger_connector._first_loop_iter is None:
        return {}
    found = {}
    for key, metric in trainer.fit_loop.epoch_loop._results.items():
        if metric.is_tensor and metric.meta.on_epoch and metric.update_called:
            found[key] = {"value": metric.value.clone(), "size": getattr(metric, "cumulated_batch_size", torch.tensor(0)).clone()}
    return found


def ended_metrics(trainer: Trainer) -> set[int]:
    """Return the ``id`` of each metric that Lightning is about to reset at an epoch's end: those that the module logged."""
    if trainer._logger_connector._first_loop_iter is not None:
        return set()
    logged = trainer.fit_loop.epoch_loop._results.values()
    inner = [each.value for each in logged if not each.is_tensor]
    return {id(metric) for each in inner for metric in each.modules()}


def named_metrics(pl_module: LightningModule, used: bool = True) -> list[tuple[str, Metric]]:
    """Return the module's metrics with their names; with ``used`` only those that were updated."""
    named = [(name, module) for name, module in pl_module.named_modules() if isinstance(module, Metric)]
    return [(name, metric) for name, metric in named if metric.update_called or not used]


def metric_state(metric: Metric) -> dict[str, Any]:
    """Return a copy of a metric's accumulated state."""
    states = {key: getattr(metric, key) for key in metric._defaults}
    return {
        "count": metric._update_count,
        "states": {
            key: [each.clone() for each in value] if isinstance(value, list) else value.clone() for key, value in states.items()
        },
    }


def set_metric_state(metric: Metric, state: dict[str, Any]) -> None:
    """Restore what :func:`metric_state` returned."""
    for key, value in state["states"].items():
        moved = [each.to(metric.device) for each in value] if isinstance(value, list) else value.to(metric.device)
        setattr(metric, key, moved)
    metric._update_count = state["count"]
    metric._computed = None


def restore_averages(trainer: Trainer, kept: dict[str, dict[str, Any]]) -> None:
    """Merge averages from before a stop into the present ones, as soon as a value is logged again.

    Args:
        trainer: Its results are updated.
        kept: What :func:`epoch_averages` returned; entries that have been merged are removed.
    """
    if not kept:
        return
    results = trainer.fit_loop.epoch_loop._results
    for key in [key for key in kept if key in results]:
        before, metric = kept.pop(key), results[key]
        merge: Callable[[Any, Any], Any] = metric.meta.reduce_fx
        if metric.meta.is_mean_reduction or metric.meta.is_sum_reduction:
            merge = torch.add
        metric.value = merge(metric.value, before["value"].to(metric.value))
        if metric.meta.is_mean_reduction:
            metric.cumulated_batch_size = metric.cumulated_batch_size + before["size"].to(metric.cumulated_batch_size)
        metric._computed = None


def can_resume_here(trainer: Trainer) -> bool:
    """Return whether Lightning can resume from a checkpoint that is written after the present batch.

    It cannot within an accumulation, nor where validation or the end of the epoch comes next.
    """
    loop = trainer.fit_loop.epoch_loop
    fetcher = trainer.fit_loop._data_fetcher
    assert fetcher is not None
    return not (loop._should_accumulate() or loop._num_ready_batches_reached() or loop._should_check_val_fx(fetcher))


def pending_log_row(trainer: Trainer) -> tuple[dict[str, float], int]:
    """Return the values of the present step (or epoch) and their step: Lightning logs them after the callbacks' hooks."""
    connector = trainer._logger_connector
    within_epoch = connector._first_loop_iter is not None
    step = trainer.fit_loop.epoch_loop._batches_that_stepped - (not within_epoch)
    if within_epoch and not connector.should_update_logs:
        return {}, step
    return {name: float(value) for name, value in connector.metrics["log"].items()}, step


def resumed_at_epoch_end(trainer: Trainer) -> bool:
    """Return whether the fit goes on from a checkpoint that was written at the end of an epoch."""
    return bool(trainer.fit_loop.resumed_on_epoch_end or trainer.fit_loop.restarted_on_epoch_end)


def end_restarted_epoch(trainer: Trainer) -> None:
    """End the epoch at whose end a checkpoint was written, as Lightning does it where there is no ``max_steps``.

    With ``max_steps`` it takes that epoch for one to restart: it counts it once more, without a batch, and may stop too early.

    Args:
        trainer: At the start of a training.
    """
    loop = trainer.fit_loop
    if not loop.restarted_on_epoch_end:
        return
    for progress in (loop.epoch_progress.current, loop.epoch_progress.total):
        progress.completed = progress.processed  # type: ignore[attr-defined]
    loop.reset_restart_stage()
    loop._restarting = False
    loop.epoch_loop.restarting = False
    loop.epoch_loop.reset_restart_stage()


def redraw_epoch_order(trainer: Trainer, states: list[torch.Tensor]) -> None:
    """Draw the order of the epoch that begins from the given generator states.

    After a resume at an epoch's end Lightning would use the iterators that it made for the epoch that had ended.

    Args:
        trainer: At the start of an epoch.
        states: Of :func:`loader_generators`, when the checkpoint was written.
    """
    fetcher = trainer.fit_loop._data_fetcher
    if fetcher is None:
        return
    for generator, state in zip(loader_generators(trainer), states, strict=False):
        generator.set_state(state)
    iter(fetcher)
