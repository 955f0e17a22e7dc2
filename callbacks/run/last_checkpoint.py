"""Exact resume: a checkpoint from which a training goes on as if it had never stopped.

**What it does.** Writes ``last.ckpt`` at each epoch's end and, by choice, every so many steps or minutes; keeps the one before
as ``before_last.ckpt``. Adds to Lightning's checkpoint what it leaves out: the state of every random number generator of every
process, averages of logged values and metrics in mid-epoch, and how far ``metrics.csv`` was. SIGTERM and Ctrl-C end the
training after the present step, with a checkpoint.

**When to use it.** Always; where a machine may be taken away, with ``every_n_minutes``.

**What it needs for bit-equality.** Data loaders with a state (torchdata's ``StatefulDataLoader``) to go on within an epoch;
data whose randomness is a function of (seed, epoch, index) rather than of who came first; the same number of processes and
threads; on a GPU deterministic algorithms.

**Defaults.** Each epoch's end. A second signal ends the process at once.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from practicum.lightning_shim import Checkpoint, LightningModule, MisconfigurationException, Trainer, classes
from torchmetrics import Metric

from ..trainer_internals.isolate_training import generators_of
from ..trainer_internals.rng_state import random_state, set_random_state
from .run_log import RunLog

log = logging.getLogger(__name__)

_KEY = "exact_resume"  # in the checkpoint


class LastCheckpoint(Checkpoint):
    """Writes ``last.ckpt``, and sees to it that a resume from it is exact.

    Works with any LightningModule and any trainer, under several processes too. Resume with ``trainer.fit(..., ckpt_path=...,
    weights_only=True)`` and this callback among the trainer's.

    Args:
        folder: Where ``last.ckpt`` and ``before_last.ckpt`` go.
        every_n_steps: Also after every so many optimizer steps.
        every_n_minutes: Also whenever so many minutes have passed since the last one.
        how_to_resume: What to say to whoever stopped the training.

    Raises:
        MisconfigurationException: A number below 1 (steps) or not above 0 (minutes).
        SystemExit: After SIGTERM (code 143) or Ctrl-C (code 130), once the checkpoint is written.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        every_n_steps: int | None = None,
        every_n_minutes: float | None = None,
        how_to_resume: str = "trainer.fit(..., ckpt_path=that file, weights_only=True)",
    ) -> None:
        super().__init__()
        if every_n_steps is not None and every_n_steps < 1:
            raise MisconfigurationException(f"LastCheckpoint: every_n_steps={every_n_steps} must be at least 1.")
        if every_n_minutes is not None and every_n_minutes <= 0:
            raise MisconfigurationException(f"LastCheckpoint: every_n_minutes={every_n_minutes} must be above 0.")
        self.path = Path(folder) / "last.ckpt"
        self.before = self.path.with_name("before_last.ckpt")
        self.every_n_steps, self.every_n_minutes, self.how_to_resume = every_n_steps, every_n_minutes, how_to_resume
        self._signal: int | None = None
        self._process = os.getpid()
        self._handlers: dict[int, Any] = {}
        self._resumed: dict[str, Any] | None = None
        self._averages: dict[str, dict[str, Any]] = {}
        self._orders: list[torch.Tensor] | None = None
        self._saved_at = (0, time.monotonic())  # step, time

    # When -------------------------------------------------------------------------------------------------------------

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save, and stop if asked to."""
        self._save(trainer)
        self._stop_if_asked(trainer)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Save where it is due or a signal came; not where Lightning could not go on from: there the epoch's end is next."""
        self._give_averages_back(trainer)
        asked = self._agree(trainer, self._signal is not None)
        if not (asked or self._due(trainer)):
            return
        loop = trainer.fit_loop.epoch_loop
        assert trainer.fit_loop._data_fetcher is not None
        if (
            loop._should_accumulate()
            or loop._num_ready_batches_reached()
            or loop._should_check_val_fx(trainer.fit_loop._data_fetcher)
        ):
            return
        self._save(trainer)
        self._stop_if_asked(trainer)

    def _due(self, trainer: Trainer) -> bool:
        step, at = self._saved_at
        if self.every_n_steps is not None and trainer.global_step >= step + self.every_n_steps:
            return True
        if self.every_n_minutes is None:
            return False
        return self._agree(trainer, time.monotonic() >= at + 60 * self.every_n_minutes)

    @staticmethod
    def _agree(trainer: Trainer, wish: bool) -> bool:
        """What any process wishes, all do."""
        return wish if trainer.world_size == 1 else trainer.strategy.reduce_boolean_decision(wish, all=False)

    def _save(self, trainer: Trainer) -> None:
        # All processes gather what goes into it; the first moves the files.
        if trainer.is_global_zero and self.path.is_file():
            os.replace(self.path, self.before)
        self._saved_at = (trainer.global_step, time.monotonic())
        trainer.save_checkpoint(self.path, weights_only=False)

    # Signals ----------------------------------------------------------------------------------------------------------

    def _take_handlers(self) -> None:
        """For as long as the training lasts; in place of Lightning's, which would end it without a checkpoint."""
        self._signal, self._process = None, os.getpid()
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                self._handlers[number] = signal.signal(number, self._on_signal)
        except ValueError:  # not the main thread: signals are another's business
            self._handlers = {}

    def _on_signal(self, number: int, frame: Any) -> None:
        if os.getpid() != self._process:
            return  # a loader's worker: its parent decides
        if self._signal is not None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        self._signal = number
        os.write(2, b"\nStopping after this step, with a checkpoint; once more to stop at once.\n")

    def _stop_if_asked(self, trainer: Trainer) -> None:
        if not self._agree(trainer, self._signal is not None):
            return
        number = self._signal or signal.SIGTERM
        if trainer.is_global_zero:
            name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
            log.warning(f"Stopped by {name} after step {trainer.global_step}: {self.path}; to go on: {self.how_to_resume}")
        self._give_handlers_back()
        raise SystemExit(128 + number)

    def _give_handlers_back(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A signal that came after the last step still ends it here; others are no longer ours."""
        self._stop_if_asked(trainer)
        self._give_handlers_back()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """The same after an error."""
        self._give_handlers_back()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """The same where a fit ends early."""
        self._give_handlers_back()

    # What Lightning's checkpoint leaves out ---------------------------------------------------------------------------

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Add it, for every process. Called on all of them."""
        if trainer.state.fn != "fit":
            return
        mine = {
            "random": random_state(),
            "loaders": [generator.get_state() for generator in _loader_generators(trainer)],
            "averages": {**self._averages, **_averages(trainer)},  # those not logged again since a resume, too
            "metrics": {name: _metric_state(metric) for name, metric in _metrics(pl_module) if id(metric) not in _ended(trainer)},
        }
        everyone: list[Any] = [mine]
        if trainer.world_size > 1:
            everyone = [None] * trainer.world_size
            torch.distributed.all_gather_object(everyone, mine)
        logs = [logger for logger in trainer.loggers if isinstance(logger, RunLog)]
        # The row of this very step (or epoch) is logged only after callbacks have had their turn.
        row = {name: float(value) for name, value in trainer._logger_connector.metrics["log"].items()}
        loop = trainer.fit_loop.epoch_loop
        step = loop._batches_that_stepped - (trainer._logger_connector._first_loop_iter is None)
        if trainer._logger_connector._first_loop_iter is not None and not trainer._logger_connector.should_update_logs:
            row = {}
        checkpoint[_KEY] = {
            "ranks": everyone,
            "rows": [each.rows if trainer.is_global_zero else 0 for each in logs],
            "row": {**row, "epoch": trainer.current_epoch} if row else {},
            "step": step,
        }

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Keep it until the training starts."""
        if trainer.state.fn != "fit":
            return
        self._resumed = checkpoint.get(_KEY)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, classes("callbacks.ModelCheckpoint")) and callback.state_key in checkpoint["callbacks"]:
                _move(checkpoint["callbacks"][callback.state_key], str(callback.dirpath))

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on with ``metrics.csv``, also where there is nothing left to train."""
        if trainer.is_global_zero:
            for left in self.path.parent.glob(f".{self.path.name}.*.part"):  # by a process that was killed as it wrote
                left.unlink()
        if self._resumed is None:
            return
        logs = [logger for logger in trainer.loggers if isinstance(logger, RunLog)]
        for logger, rows in zip(logs, self._resumed["rows"], strict=False):
            logger.go_on_after(rows)
            if self._resumed["row"]:
                logger.log_metrics(self._resumed["row"], self._resumed["step"])
                logger.save()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put all else back. Last of all callbacks, as Lightning calls checkpoints last."""
        resumed, self._resumed = self._resumed, None
        self._saved_at = (trainer.global_step, time.monotonic())
        self._take_handlers()
        if resumed is None:
            return
        if len(resumed["ranks"]) != trainer.world_size:
            log.warning(
                f"The checkpoint is of {len(resumed['ranks'])} processes, and now there are {trainer.world_size}: this goes on, "
                "but not exactly as it would have."
            )
        mine = resumed["ranks"][trainer.global_rank % len(resumed["ranks"])]
        for name, metric in _metrics(pl_module, used=False):
            if name in mine["metrics"]:
                _set_metric_state(metric, mine["metrics"][name])
        self._averages = mine["averages"]
        if trainer.fit_loop.resumed_on_epoch_end or trainer.fit_loop.restarted_on_epoch_end:
            self._orders = mine["loaders"]
        set_random_state(mine["random"])

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The first epoch after one that was resumed at its end: draw its order where an unbroken training draws it.

        Lightning would go through the iterators that it made for the epoch that had ended.
        """
        if self._orders is not None and trainer.fit_loop._data_fetcher is not None:
            for generator, state in zip(_loader_generators(trainer), self._orders, strict=False):
                generator.set_state(state)
            iter(trainer.fit_loop._data_fetcher)
        self._orders = None

    def _give_averages_back(self, trainer: Trainer) -> None:
        """Once a value has been logged again, add to its epoch's average what was in it before the stop."""
        if not self._averages:
            return
        results = trainer.fit_loop.epoch_loop._results
        for key in [key for key in self._averages if key in results]:
            before, metric = self._averages.pop(key), results[key]
            merge: Callable[[Any, Any], Any] = metric.meta.reduce_fx
            if metric.meta.is_mean_reduction or metric.meta.is_sum_reduction:
                merge = torch.add
            metric.value = merge(metric.value, before["value"].to(metric.value))
            if metric.meta.is_mean_reduction:
                metric.cumulated_batch_size = metric.cumulated_batch_size + before["size"].to(metric.cumulated_batch_size)
            metric._computed = None


def _move(state: dict[str, Any], place: str) -> None:
    """Let a ``ModelCheckpoint`` know its best one by where the folder lies now: elsewhere it would forget that."""
    before = str(state.get("dirpath"))

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {moved(key): moved(each) for key, each in value.items()}
        return place + value[len(before) :] if isinstance(value, str) and value.startswith(before) else value

    state.update(moved(state))


def _loader_generators(trainer: Trainer) -> list[torch.Generator]:
    combined = trainer.fit_loop._combined_loader
    return [] if combined is None else [each for loader in combined.flattened for each in generators_of(loader)]


def _averages(trainer: Trainer) -> dict[str, dict[str, Any]]:
    """Averages of logged values within the present epoch; none at its end, where they have been taken."""
    if trainer._logger_connector._first_loop_iter is None:
        return {}
    found = {}
    for key, metric in trainer.fit_loop.epoch_loop._results.items():
        if metric.is_tensor and metric.meta.on_epoch and metric.update_called:
            found[key] = {"value": metric.value.clone(), "size": getattr(metric, "cumulated_batch_size", torch.tensor(0)).clone()}
    return found


def _ended(trainer: Trainer) -> set[int]:
    """Metrics that Lightning is about to reset, at an epoch's end: those that the module logged in it."""
    if trainer._logger_connector._first_loop_iter is not None:
        return set()
    logged = trainer.fit_loop.epoch_loop._results.values()
    inner = [each.value for each in logged if not each.is_tensor]
    return {id(metric) for each in inner for metric in each.modules()}


def _metrics(pl_module: LightningModule, used: bool = True) -> list[tuple[str, Metric]]:
    named = [(name, module) for name, module in pl_module.named_modules() if isinstance(module, Metric)]
    return [(name, metric) for name, metric in named if metric.update_called or not used]


def _metric_state(metric: Metric) -> dict[str, Any]:
    states = {key: getattr(metric, key) for key in metric._defaults}
    return {
        "count": metric._update_count,
        "states": {
            key: [each.clone() for each in value] if isinstance(value, list) else value.clone() for key, value in states.items()
        },
    }


def _set_metric_state(metric: Metric, state: dict[str, Any]) -> None:
    for key, value in state["states"].items():
        moved = [each.to(metric.device) for each in value] if isinstance(value, list) else value.to(metric.device)
        setattr(metric, key, moved)
    metric._update_count = state["count"]
    metric._computed = None
