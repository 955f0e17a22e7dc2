"""Pruning: stop a trial of a search whose metric is worse than that of earlier trials at the same epoch.

**What it does.** After each validation reports a metric to an Optuna trial, and ends the fit where Optuna's pruner says so. It
ends as after early stopping: checkpoints and figures are whole. Optuna's own ``PyTorchLightningPruningCallback`` raises an
exception instead, and imports one of Lightning's two names.

**When to use it.** In searches whose trials take more than a few epochs; half of the trials of a median pruner end early.

**Source.** Akiba et al. 2019, "Optuna: A Next-generation Hyperparameter Optimization Framework"; the median rule is Google
Vizier's (Golovin et al. 2017).
"""

from __future__ import annotations

import math
from collections.abc import Container
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

from ..roles import OutsideTrials


class TrialPruning(OutsideTrials):
    """Reports a metric of validation to a trial, and ends a fit that the trial's pruner gives up.

    Args:
        trial: An ``optuna.trial.Trial``, or anything with its ``report(value, step)`` and ``should_prune()``; used by the first
            process only, the others follow it.
        monitor: Name of the metric, as validation logs it.
        reported: Epochs that were reported before, of a trial that was resumed.

    Attributes:
        pruned_at: The epoch after which it ended, counted from 0; ``None``: it was not pruned.

    Raises:
        MisconfigurationException: Validation logs no such metric.

    Example:
        >>> import torch
        >>> from types import SimpleNamespace
        >>> from practicum.callbacks import TrialPruning
        >>> trial = SimpleNamespace(report=lambda value, step: print(step, value), should_prune=lambda: True)
        >>> trainer = SimpleNamespace(callback_metrics={"val/loss": torch.tensor(0.5)}, current_epoch=1, sanity_checking=False,
        ...                           is_global_zero=True, world_size=1, should_stop=False)
        >>> callback = TrialPruning(trial, "val/loss")  # Trainer(callbacks=[callback])
        >>> callback.on_validation_end(trainer, None)
        1 0.5
        >>> trainer.should_stop, callback.pruned_at
        (True, 1)
    """

    def __init__(self, trial: Any, monitor: str, reported: Container[int] = ()) -> None:
        super().__init__()
        self.trial = trial
        self.monitor = monitor
        self.reported = reported
        self.pruned_at: int | None = None

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Report the epoch's value and ask."""
        if trainer.sanity_checking:
            return
        if self.monitor not in trainer.callback_metrics:
            there = ", ".join(name for name in trainer.callback_metrics if name.startswith("val/"))
            raise MisconfigurationException(
                f"TrialPruning: validation has no {self.monitor} to prune by; it has {there}. Choose another objective, or prune "
                "nothing (sweep/pruner=none)."
            )
        prune = trainer.is_global_zero and self._should_prune(
            float(trainer.callback_metrics[self.monitor]), trainer.current_epoch
        )
        if trainer.world_size > 1:
            prune = bool(trainer.strategy.broadcast(prune))
        if prune:
            self.pruned_at = trainer.current_epoch
            trainer.should_stop = True

    def state_dict(self) -> dict[str, Any]:
        """``pruned_at``, where it ended: one that is interrupted just then stays pruned as it is resumed."""
        return {} if self.pruned_at is None else {"pruned_at": self.pruned_at}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore it."""
        self.pruned_at = state_dict["pruned_at"]

    def _should_prune(self, value: float, epoch: int) -> bool:
        if math.isnan(value):
            return False  # not worse but undefined; training that diverged is ended by FiniteLoss
        if epoch not in self.reported:
            self.trial.report(value, epoch)
        return bool(self.trial.should_prune())
