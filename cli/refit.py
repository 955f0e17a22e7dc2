"""The last training of a run: as many epochs as were best, on validation's rows too.

**What it does.** A training with validation has found how many epochs are best. The same network, from the same initial weights
and by the same schedule, is trained again for that many epochs on the rows of training and validation together; its weights
replace those in ``best.ckpt``. The test's rows are in neither.

**When to use it.** Where rows are few, or the newest ones validate: a forecast by a network that has not seen the last months
starts from old prices. Only where a test has rows of its own: a test on validation's rows would measure what was learnt by heart.

Rates stop where they were at the best epoch: run to the schedule's end in so few epochs, weights fit their rows more closely, and
miss the next months (docs/defaults.md).

**Defaults.** Off; ``experiment=table`` turns it on. It takes at most as long as the training before it, and a quarter more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, open_dict
from practicum.callbacks import EpochLines, FiniteLoss, LRFinder, LRSchedule
from practicum.callbacks.averaging.snapshots import CycleSnapshots
from practicum.callbacks.averaging.weight_averaging import WeightAveragingBase
from practicum.callbacks.figures.counted import counted
from practicum.callbacks.files.atomic_file import atomic_write
from practicum.callbacks.schedules.param_group_lrs import peak_lrs, scale_lrs
from practicum.lightning_shim import Callback, classes, seed_everything

from .trainer_factory import build_trainer

if TYPE_CHECKING:
    from practicum.lightning_shim import LightningModule, Trainer

log = logging.getLogger(__name__)


class StopAfterEpoch(Callback):
    """Ends a training before its planned end, so that rates fall as in the training that was planned.

    Args:
        epochs: How many to train.
    """

    def __init__(self, epochs: int) -> None:
        super().__init__()
        self.epochs = epochs

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop if it was the last one."""
        if trainer.current_epoch + 1 >= self.epochs:
            trainer.should_stop = True


class FoundRates(Callback):
    """Sets the rates that range tests of an earlier training have found, each before the first step of its epoch.

    Args:
        rates: The highest rate of all parameter groups, by epoch.
    """

    def __init__(self, rates: Mapping[int, float]) -> None:
        super().__init__()
        self.rates = rates

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Scale all rates, those of schedulers too."""
        if (rate := self.rates.get(trainer.current_epoch)) is not None:
            optimizer = trainer.optimizers[0]
            schedulers = [config.scheduler for config in trainer.lr_scheduler_configs]
            scale_lrs(optimizer, schedulers, rate / max(peak_lrs(optimizer, schedulers)))


def refit(cfg: DictConfig, trainer: Trainer, data: Any, build: Callable[[], LightningModule]) -> float | None:
    """Train anew on training and validation rows, and put the weights into the best checkpoint.

    Nothing happens where the test has no rows of its own; nor, which is said, for anything but a table, where weights are
    averaged or snapshots predict, or under several processes. A rate that a range test has found in the training is taken at the
    same epoch.

    Args:
        cfg: The composed configuration.
        trainer: It has trained, and chosen the best epoch.
        data: Has ``train_on_validation`` and ``tests_on``, as :class:`.Table`.
        build: Makes the model.

    Returns:
        Seconds that it took; ``None`` where nothing happened.
    """
    best = _best_checkpoint(trainer)
    averaged = any(isinstance(each, WeightAveragingBase) for each in trainer.callbacks)  # type: ignore[attr-defined]
    if not hasattr(data, "train_on_validation"):
        if trainer.is_global_zero:
            log.info(
                f"refit is left out, and the test is of the best epoch: it is for tables, and {type(data).__name__} is none."
            )
        return None
    if best is None or data.tests_on != "test":
        return None
    snapshots = any(isinstance(each, CycleSnapshots) for each in trainer.callbacks)  # type: ignore[attr-defined]
    if averaged or snapshots or trainer.world_size > 1:
        if trainer.is_global_zero:
            why = "averaged weights would not be those of a training anew" if averaged else "it is done by one process only"
            why = "snapshots would be those of the training before it" if snapshots else why
            log.info(f"refit is left out, and the test is of the best epoch: {why}.")
        return None
    started = time.monotonic()
    checkpoint = torch.load(best, map_location="cpu", weights_only=True)
    epochs = int(checkpoint["epoch"]) + 1
    log.info(f"The best epoch was number {epochs}; training anew for {counted(epochs, 'epoch')}, with validation's rows.")
    settings = cfg.trainer.copy()
    with open_dict(settings):
        settings.update({"max_epochs": trainer.max_epochs, "max_steps": trainer.max_steps, "limit_val_batches": 0})
        settings.update({"enable_checkpointing": False, "enable_progress_bar": False})
    callbacks = [
        FiniteLoss(),
        FoundRates(_found_rates(trainer)),
        StopAfterEpoch(epochs),
        EpochLines(title="Training anew", epochs=epochs),
    ]
    if cfg.get("schedule"):
        schedule: LRSchedule = instantiate({**cfg.schedule, "folder": None}, _convert_="all")
        callbacks.append(schedule)
    seed_everything(cfg.seed, workers=True, verbose=False)
    model = build()
    data.train_on_validation = True
    try:
        build_trainer(settings, callbacks, []).fit(model, datamodule=data)
    finally:
        data.train_on_validation = False
        data.trainer = trainer
    checkpoint["state_dict"] = model.state_dict()
    checkpoint["provenance"] = {**checkpoint.get("provenance", {}), "refit_epochs": epochs}
    with atomic_write(best) as beside:
        torch.save(checkpoint, beside)
    return time.monotonic() - started


def _found_rates(trainer: Trainer) -> dict[int, float]:
    finders = [each for each in trainer.callbacks if isinstance(each, LRFinder) and each.update]  # type: ignore[attr-defined]
    return {test["epoch"]: test["chosen"] for each in finders for test in each.tests if test["chosen"] is not None}


def _best_checkpoint(trainer: Trainer) -> Path | None:
    savers: list[Any] = [each for each in trainer.checkpoint_callbacks if isinstance(each, classes("callbacks.ModelCheckpoint"))]
    return next((Path(each.best_model_path) for each in savers if each.best_model_path), None)
