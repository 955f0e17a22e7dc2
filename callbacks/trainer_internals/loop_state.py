"""What Lightning's checkpoint leaves out of its loops' state: averages of logged values in mid-epoch, metrics, loaders' generators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, Trainer
from torchmetrics import Metric

from .loaders import generators_of


def loader_generators(trainer: Trainer) -> list[torch.Generator]:
    combined = trainer.fit_loop._combined_loader
    return [] if combined is None else [each for loader in combined.flattened for each in generators_of(loader)]


def epoch_averages(trainer: Trainer) -> dict[str, dict[str, Any]]:
    """Averages of logged values within the present epoch; none at its end, where they have been taken."""
    if trainer._logger_connector._first_loop_iter is None:
        return {}
    found = {}
    for key, metric in trainer.fit_loop.epoch_loop._results.items():
        if metric.is_tensor and metric.meta.on_epoch and metric.update_called:
            found[key] = {"value": metric.value.clone(), "size": getattr(metric, "cumulated_batch_size", torch.tensor(0)).clone()}
    return found


def ended_metrics(trainer: Trainer) -> set[int]:
    """Metrics that Lightning is about to reset, at an epoch's end: those that the module logged in it."""
    if trainer._logger_connector._first_loop_iter is not None:
        return set()
    logged = trainer.fit_loop.epoch_loop._results.values()
    inner = [each.value for each in logged if not each.is_tensor]
    return {id(metric) for each in inner for metric in each.modules()}


def named_metrics(pl_module: LightningModule, used: bool = True) -> list[tuple[str, Metric]]:
    named = [(name, module) for name, module in pl_module.named_modules() if isinstance(module, Metric)]
    return [(name, metric) for name, metric in named if metric.update_called or not used]


def metric_state(metric: Metric) -> dict[str, Any]:
    states = {key: getattr(metric, key) for key in metric._defaults}
    return {
        "count": metric._update_count,
        "states": {
            key: [each.clone() for each in value] if isinstance(value, list) else value.clone() for key, value in states.items()
        },
    }


def set_metric_state(metric: Metric, state: dict[str, Any]) -> None:
    for key, value in state["states"].items():
        moved = [each.to(metric.device) for each in value] if isinstance(value, list) else value.to(metric.device)
        setattr(metric, key, moved)
    metric._update_count = state["count"]
    metric._computed = None


def restore_averages(trainer: Trainer, kept: dict[str, dict[str, Any]]) -> None:
    """Once a value has been logged again, add to its epoch's average what was in it before the stop."""
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
