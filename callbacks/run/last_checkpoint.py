"""Exact resume: a checkpoint from which a training continues as if it had never stopped.

**What it does.** Writes ``last.ckpt`` at each epoch's end and, optionally, every so many steps or minutes; keeps the one before
as ``before_last.ckpt``. Adds to Lightning's checkpoint what it leaves out: the state of every random number generator of every
process, averages of logged values and metrics within an epoch, the length of ``metrics.csv``, and whether a callback had stopped
the training early. SIGTERM and Ctrl-C end the training after the current step, with a checkpoint.

**When to use it.** Always; where a machine may be taken away, with ``every_n_minutes``.

**What it needs for bit-equality.** Data loaders with a state (torchdata's ``StatefulDataLoader``) to continue within an epoch;
data whose randomness is a function of (seed, epoch, index) rather than of the order of access; the same number of processes and
threads; on a GPU deterministic algorithms.

**Defaults.** Each epoch's end. A second signal ends the process at once.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import Checkpoint, LightningModule, MisconfigurationException, Trainer, classes

from ..trainer_internals.gather import gather_objects
from ..trainer_internals.loop_state import (
    can_resume_here,
    end_restarted_epoch,
    ended_metrics,
    epoch_averages,
    loader_generators,
    metric_state,
    named_metrics,
    pending_log_row,
    redraw_epoch_order,
    restore_averages,
    resumed_at_epoch_end,
    set_metric_state,
)
from ..trainer_internals.private_names import check_private_names
from ..trainer_internals.rng_state import random_state, set_random_state
from .graceful_stop import GracefulStop
from .run_log import RunLog

log = logging.getLogger(__name__)

_KEY = "exact_resume"  # in the checkpoint


def relocate(state: dict[str, Any], folder: str) -> None:
    """Replace the folder in a ``ModelCheckpoint``'s state, in place: in a folder that was moved it would forget the best one.

    Args:
        state: Its ``state_dict``, whose ``dirpath`` says where the folder was.
        folder: Where it is now.
    """
    before = str(state.get("dirpath"))

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {moved(key): moved(each) for key, each in value.items()}
        return folder + value[len(before) :] if isinstance(value, str) and value.startswith(before) else value

    state.update(moved(state))


def _any_process(trainer: Trainer, wish: bool) -> bool:
    """Return on all processes whether any of them wishes it."""
    return wish if trainer.world_size == 1 else trainer.strategy.reduce_boolean_decision(wish, all=False)


class LastCheckpoint(Checkpoint):
    """Writes ``last.ckpt`` so that a resumed training equals an unbroken one.

    Works with any LightningModule and any trainer, under several processes too. Resume with ``trainer.fit(..., ckpt_path=...,
    weights_only=True)`` and this callback among the trainer's.

    Args:
        folder: Folder of ``last.ckpt`` and ``before_last.ckpt``.
        every_n_steps: Also save after so many optimizer steps.
        every_n_minutes: Also save when so many minutes have passed since the last save.
        how_to_resume: Shown to whoever stopped the training.

    Raises:
        MisconfigurationException: ``every_n_steps`` is below 1, or ``every_n_minutes`` not above 0.
        SystemExit: After SIGTERM (code 143) or Ctrl-C (code 130), once the checkpoint is written.

    Example:
        >>> from practicum.callbacks import LastCheckpoint, RunLog
        >>> callback = LastCheckpoint("run", every_n_minutes=10)  # Trainer(callbacks=[callback], logger=RunLog("run"))
        >>> callback.path.as_posix()
        'run/last.ckpt'
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
        self.stop = GracefulStop()
        self.best_model_path = ""  # what Lightning asks the first checkpoint callback for, as it tests "best"
        self._resumed: dict[str, Any] | None = None
        self._averages: dict[str, dict[str, Any]] = {}
        self._orders: list[torch.Tensor] | None = None
        self._saved_at = (0, time.monotonic())  # step, time

    # When to save -----------------------------------------------------------------------------------------------------

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Go behind all other callbacks: what is saved must hold ``ModelCheckpoint``'s state after this epoch, not before it."""
        others = [each for each in trainer.callbacks if each is not self]  # type: ignore[attr-defined]
        trainer.callbacks = [*others, self]  # type: ignore[attr-defined] # a new list, as Lightning iterates over the old one

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save, and stop if a signal has come."""
        self._save(trainer)
        self._stop_if_requested(trainer)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Save if it is due or a signal has come; not where Lightning could not resume: there the epoch's end is next."""
        restore_averages(trainer, self._averages)
        requested = _any_process(trainer, self.stop.requested)
        if not (requested or self._due(trainer)):
            return
        if not can_resume_here(trainer):
            return
        self._save(trainer)
        self._stop_if_requested(trainer)

    def _due(self, trainer: Trainer) -> bool:
        step, at = self._saved_at
        if self.every_n_steps is not None and trainer.global_step >= step + self.every_n_steps:
            return True
        if self.every_n_minutes is None:
            return False
        return _any_process(trainer, time.monotonic() >= at + 60 * self.every_n_minutes)

    def _save(self, trainer: Trainer) -> None:
        if trainer.fast_dev_run:  # type: ignore[attr-defined] # a trial of the code leaves a real run's files alone
            return
        # All processes gather what goes into it; the first moves the files.
        if trainer.is_global_zero and self.path.is_file():
            os.replace(self.path, self.before)
        self._saved_at = (trainer.global_step, time.monotonic())
        trainer.save_checkpoint(self.path, weights_only=False)
        self.best_model_path = os.fspath(self.path)

    def _stop_if_requested(self, trainer: Trainer) -> None:
        if not _any_process(trainer, self.stop.requested):
            return
        if trainer.is_global_zero:
            step = trainer.global_step
            log.warning(f"Stopped by {self.stop.name} after step {step}: {self.path}; to resume: {self.how_to_resume}")
        self.stop.exit()

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop if a signal has come after the last step; else restore the signal handlers."""
        self._stop_if_requested(trainer)
        self.stop.restore()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Restore the signal handlers after an error."""
        self.stop.restore()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Restore the signal handlers when a fit ends early."""
        self.stop.restore()

    # What Lightning's checkpoint leaves out ---------------------------------------------------------------------------

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Add it, for every process. Called on all of them."""
        if trainer.state.fn != "fit":
            return
        mine = {
            "random": random_state(),
            "loaders": [generator.get_state() for generator in loader_generators(trainer)],
            "averages": {**self._averages, **epoch_averages(trainer)},  # also those not logged again since a resume
            "metrics": {
                name: metric_state(metric)
                for name, metric in named_metrics(pl_module)
                if id(metric) not in ended_metrics(trainer)
            },
        }
        everyone = gather_objects(trainer, mine)
        logs = [logger for logger in trainer.loggers if isinstance(logger, RunLog)]
        row, step = pending_log_row(trainer)  # this step's (or epoch's), which is logged only after the callbacks' hooks
        checkpoint[_KEY] = {
            "ranks": everyone,
            "rows": [each.rows if trainer.is_global_zero else 0 for each in logs],
            "row": {**row, "epoch": trainer.current_epoch} if row else {},
            "step": step,
            "stopped": bool(trainer.should_stop),
        }

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Keep it until the training starts, and give ``ModelCheckpoint`` what it does not load itself."""
        fits = trainer.state.fn == "fit"
        if fits:
            self._resumed = checkpoint.get(_KEY)
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            if isinstance(callback, classes("callbacks.ModelCheckpoint")) and callback.state_key in checkpoint.get(
                "callbacks", ()
            ):
                state = checkpoint["callbacks"][callback.state_key]
                relocate(state, str(callback.dirpath))  # for a test, too: the best weights may be of before the move
                if not fits:
                    continue
                # Saved by Lightning, but not loaded again: until the next validation it would be missing in what is saved.
                callback.current_score = state.get("current_score")

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Continue ``metrics.csv``, also where there is nothing left to train."""
        check_private_names(trainer, "loaders.py", "loop_state.py")
        if trainer.is_global_zero:
            for left in self.path.parent.glob(f".{self.path.name}.*.part"):  # by a process that was killed while writing
                left.unlink()
        if self._resumed is None:
            return
        logs = [logger for logger in trainer.loggers if isinstance(logger, RunLog)]
        for logger, rows in zip(logs, self._resumed["rows"], strict=False):
            logger.continue_after(rows)
            if self._resumed["row"]:
                logger.log_metrics(self._resumed["row"], self._resumed["step"])

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restore everything else, after all other callbacks."""
        resumed, self._resumed = self._resumed, None
        self._saved_at = (trainer.global_step, time.monotonic())
        self.stop.install()  # in place of Lightning's handlers, which would end the training without a checkpoint
        if resumed is None:
            return
        if len(resumed["ranks"]) != trainer.world_size:
            log.warning(
                f"The checkpoint is of {len(resumed['ranks'])} processes, and now there are {trainer.world_size}: training "
                "continues, but will differ from an unbroken one."
            )
        mine = resumed["ranks"][trainer.global_rank % len(resumed["ranks"])]
        for name, metric in named_metrics(pl_module, used=False):
            if name in mine["metrics"]:
                set_metric_state(metric, mine["metrics"][name])
        self._averages = mine["averages"]
        if resumed_at_epoch_end(trainer):
            self._orders = mine["loaders"]
            end_restarted_epoch(trainer)
        set_random_state(mine["random"])
        if resumed.get("stopped"):
            self._stop_again(trainer)

    def _stop_again(self, trainer: Trainer) -> None:
        """End a training that a callback had stopped early: by Lightning's checkpoint it would go on.

        Within an epoch whoever stopped it decides again, unless ``min_epochs`` or ``min_steps`` had put the end off. ``Timer``
        counts on by itself: with a longer ``max_time`` there is more to train.
        """
        put_off = trainer.current_epoch < (trainer.min_epochs or 0) or trainer.global_step < (trainer.min_steps or 0)
        timed = any(isinstance(each, classes("callbacks.Timer")) for each in trainer.callbacks)  # type: ignore[attr-defined]
        if timed or not (put_off or resumed_at_epoch_end(trainer)):
            return
        trainer.should_stop = True
        if not put_off:
            log.info("This training had been stopped early before it was resumed: nothing is left to train.")

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the order of an epoch that follows a resume at an epoch's end where an unbroken training draws it.

        Lightning would use the iterators that it made for the epoch that had ended.
        """
        if self._orders is not None:
            redraw_epoch_order(trainer, self._orders)
        self._orders = None
