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
from pathlib import Path
from typing import Any

import torch
import torch.distributed
from practicum.lightning_shim import Checkpoint, LightningModule, MisconfigurationException, Trainer, classes

from ..trainer_internals.gather import gather_objects
from ..trainer_internals.loop_state import (
    ended_metrics,
    epoch_averages,
    loader_generators,
    metric_state,
    named_metrics,
    restore_averages,
    set_metric_state,
)
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
        restore_averages(trainer, self._averages)
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
            "loaders": [generator.get_state() for generator in loader_generators(trainer)],
            "averages": {**self._averages, **epoch_averages(trainer)},  # those not logged again since a resume, too
            "metrics": {
                name: metric_state(metric)
                for name, metric in named_metrics(pl_module)
                if id(metric) not in ended_metrics(trainer)
            },
        }
        everyone = gather_objects(trainer, mine)
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
        for name, metric in named_metrics(pl_module, used=False):
            if name in mine["metrics"]:
                set_metric_state(metric, mine["metrics"][name])
        self._averages = mine["averages"]
        if trainer.fit_loop.resumed_on_epoch_end or trainer.fit_loop.restarted_on_epoch_end:
            self._orders = mine["loaders"]
        set_random_state(mine["random"])

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The first epoch after one that was resumed at its end: draw its order where an unbroken training draws it.

        Lightning would go through the iterators that it made for the epoch that had ended.
        """
        if self._orders is not None and trainer.fit_loop._data_fetcher is not None:
            for generator, state in zip(loader_generators(trainer), self._orders, strict=False):
                generator.set_state(state)
            iter(trainer.fit_loop._data_fetcher)
        self._orders = None


def _move(state: dict[str, Any], place: str) -> None:
    """Let a ``ModelCheckpoint`` know its best one by where the folder lies now: elsewhere it would forget that."""
    before = str(state.get("dirpath"))

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {moved(key): moved(each) for key, each in value.items()}
        return place + value[len(before) :] if isinstance(value, str) and value.startswith(before) else value

    state.update(moved(state))
