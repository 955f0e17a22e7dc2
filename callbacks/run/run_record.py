"""The record of a run: ``metrics.json``, flat, with everything one compares runs by.

**What it holds.** The last value of each logged name and, as ``<name>/best``, the best one; the result, see
:mod:`.results`; seconds of each phase; epochs and steps; seed and precision; versions; and where data and weights came from, with
their SHA-256.

**When to use it.** Always: sweeps, reports and predictions read it, and a metric without its provenance can't be trusted.
"""

from __future__ import annotations

import importlib.metadata
import json
import logging
import math
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, Trainer, classes, root_of

from ..figures.metric_direction import better
from ..files.atomic_file import atomic_write
from ..roles import Watcher
from .results import result_name

log = logging.getLogger(__name__)

_MACHINE = ("threads", "devices", "precision")
_PACKAGES = ("torch", "torchvision", "timm", "torchmetrics", "hydra-core")


def changed_machine(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two records of one run, where it can change the last digits of a sum.

    Args:
        before: The record so far; what it lacks is not compared.
        now: The present one.

    Returns:
        ``<name> <before>, now <now>`` of each.

    Example:
        >>> from practicum.callbacks.run.run_record import changed_machine
        >>> changed_machine({"threads": 2, "devices": "1 x cpu"}, {"threads": 1, "devices": "1 x cpu"})
        ['threads 2, now 1']
    """
    names = [name for name in now if name in _MACHINE or name.startswith("version/")]
    return [f"{name} {before[name]}, now {now[name]}" for name in names if name in before and before[name] != now[name]]


class RunRecord(Watcher):
    """Writes ``metrics.json`` after each epoch, after a fit and again after a test.

    Includes ``facts`` (a flat dictionary) of every other callback that has them, ``provenance`` (a flat dictionary) of the module
    and of the data module where they have it, and ``known_answer`` of the data module: the best value that any model can reach,
    where that is known and the metric is measured.

    Args:
        folder: Folder of ``metrics.json``.

    Attributes:
        last: The last value of each logged name.
        best: The best value of each logged name, of whole epochs.
        seconds: By phase, ``fit`` and ``test``, and those of ``seconds_before``.
        seconds_before: By phase, of what was done before the fit: whoever prepares data puts them here, and the next fit counts
            them, in a resumed run beside those before.
        plain: Values of a test without the callbacks that transform predictions, see :meth:`keep_plain`.
        epoch: That of the checkpoint which was tested, from 1; ``None``: none was loaded.
        baselines: What simple models reach on the same rows, ``baseline/<name>/<metric>``; whoever measures them puts them here.

    Example:
        >>> from practicum.callbacks import RunRecord
        >>> from practicum.callbacks.figures.metric_direction import better
        >>> callback = RunRecord("run")  # Trainer(callbacks=[callback]) writes run/metrics.json
        >>> better("val/loss", 0.4, than=0.5), better("val/accuracy", 0.4, than=0.5)
        (True, False)
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(folder) / "metrics.json"
        self.last: dict[str, float] = {}
        self.best: dict[str, float] = {}
        self.seconds: dict[str, float] = {}
        self.seconds_before: dict[str, float] = {}
        self.plain: dict[str, float] = {}
        self.baselines: dict[str, Any] = {}
        self.epoch: int | None = None
        self._started: dict[str, float] = {}
        self._fits = False
        self._resumed: dict[str, Any] | None = None
        self._kept: dict[str, Any] = {}  # of the training, where another process tests it

    def state_dict(self) -> dict[str, Any]:
        """Return the values so far, so that a resumed run's record is that of the whole; seconds are in the file."""
        return {"last": self.last, "best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep an earlier run's values where a fit resumes it: testing a checkpoint loads callbacks' states too."""
        self._resumed = state_dict if self._fits else None

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Note whether a fit is resumed, or the epoch of the weights that are tested."""
        self._fits = trainer.state.fn == "fit"
        self.epoch = None if trainer.state.fn == "fit" else int(checkpoint["epoch"]) + 1

    def keep_plain(self) -> None:
        """Keep the values of a test under ``plain/``, beside those of one with callbacks that transform predictions."""
        self.plain = {
            f"plain/{name.removeprefix('test/')}": value for name, value in self.last.items() if name.startswith("test/")
        }

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock, that of a resumed run where it stopped, and write: a record tells its data from the start."""
        self.epoch, self._kept = None, {}  # of an earlier test
        before = self._record_before() if self._resumed is not None else {}
        if self._resumed is not None:
            self.last, self.best = dict(self._resumed["last"]), dict(self._resumed["best"])
            self.seconds = {k.removeprefix("seconds/"): v for k, v in before.items() if k.startswith("seconds/")}
            self._resumed = None
        elif trainer.global_step == 0:  # a training of its own, also with an object that has been in another (k-fold)
            self.last, self.best, self.seconds, self.plain, self.baselines = {}, {}, {}, {}, {}
        for phase, seconds in self.seconds_before.items():
            self.seconds[phase] = self.seconds.get(phase, 0) + seconds
        self.seconds_before = {}
        self._begin("fit")
        if trainer.is_global_zero and (changes := changed_machine(before, self.record(trainer, pl_module, "running"))):
            log.warning(
                f"This run began with {'; '.join(changes)}: it continues, but its numbers may differ in their last digits from "
                "those of an unbroken run."
            )
        self._write(trainer, pl_module, "running")

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the epoch's values and write."""
        self._collect(trainer)
        self._write(trainer, pl_module, "running")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the validation's values."""
        if not trainer.sanity_checking:
            self._collect(trainer, in_epoch=True)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write: the run is trained, not yet tested."""
        self._end("fit")
        self._write(trainer, pl_module, "trained")

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock; in a process that has not trained keep what the record tells of the training."""
        self._kept = {} if "fit" in self.seconds else self._record_before()
        self._begin("test")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Record the test's values and write the whole record."""
        self._end("test")
        self._collect(trainer)
        self._write(trainer, pl_module, "finished")

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write again after a test: other callbacks find their ``facts`` at its end, some of them later than this one."""
        if stage == "test":
            self._write(trainer, pl_module, "finished")

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Write how the run ended; where nothing had begun, such as with a missing checkpoint, an earlier record stays."""
        if not self._started and self.path.is_file():
            return
        for phase in list(self._started):
            self._end(phase)
        stopped = isinstance(exception, KeyboardInterrupt | SystemExit)
        self._write(trainer, pl_module, "interrupted" if stopped else f"failed: {type(exception).__name__}")

    def record(self, trainer: Trainer, pl_module: LightningModule, status: str) -> dict[str, Any]:
        """Return the record so far.

        Args:
            trainer: The trainer, with its callbacks and data module.
            pl_module: The module.
            status: How the run stands: ``running``, ``trained``, ``finished``, ``interrupted``, ``pruned``, ``range test`` or
                ``failed: <exception>``.
        """
        datamodule = getattr(trainer, "datamodule", None)
        seed = os.environ.get("PL_GLOBAL_SEED")
        seconds = self._seconds_until_now()
        tests_on = getattr(datamodule, "tests_on", "test")
        lightning = root_of(trainer).__name__.partition(".")[0].replace("_", "-")
        return {
            "status": status,
            **{
                result_name(name.removeprefix("test/"), tests_on) if name.startswith("test/") else name: value
                for name, value in self.last.items()
            },
            **{f"{name}/best": value for name, value in self.best.items() if not name.startswith("test/")},
            **self.plain,
            **self.baselines,
            **{
                f"known/{name}": value
                for name, value in getattr(datamodule, "known_answer", {}).items()
                if f"val/{name}" in self.last or f"test/{name}" in self.last
            },
            **{name: value for each in trainer.callbacks for name, value in getattr(each, "facts", {}).items()},  # type: ignore[attr-defined]
            "seconds": round(sum(seconds.values()), 2),
            **{f"seconds/{phase}": round(value, 2) for phase, value in seconds.items()},
            "epochs": trainer.current_epoch,
            "steps": trainer.global_step,
            "seed": int(seed) if seed else None,
            "precision": str(trainer.precision),
            "devices": f"{trainer.world_size} x {trainer.strategy.root_device.type}",  # the module has left it when a fit ends
            "threads": torch.get_num_threads(),
            "parameters": sum(p.numel() for p in pl_module.parameters()),
            "weights/chosen_by": _chosen_by(trainer),
            **({} if self.epoch is None else {"weights/epoch": self.epoch}),
            **{f"weights/{key}": value for key, value in getattr(pl_module, "provenance", {}).items()},
            **{f"data/{key}": value for key, value in getattr(datamodule, "provenance", {}).items()},
            "tests_on": tests_on,
            "version/python": platform.python_version(),
            **{f"version/{name}": importlib.metadata.version(name) for name in (*_PACKAGES, lightning)},
        }

    def write(self, trainer: Trainer, pl_module: LightningModule, status: str = "finished") -> None:
        """Write the record anew, for what was found after the test; only the first process does.

        Args:
            trainer: The trainer.
            pl_module: The module.
            status: As for :meth:`record`.
        """
        self._write(trainer, pl_module, status)

    def _begin(self, phase: str) -> None:
        self._started[phase] = time.monotonic()

    def _end(self, phase: str) -> None:
        self.seconds[phase] = self.seconds.get(phase, 0) + time.monotonic() - self._started.pop(phase)

    def _seconds_until_now(self) -> dict[str, float]:
        now = time.monotonic()
        return self.seconds | {phase: self.seconds.get(phase, 0) + now - start for phase, start in self._started.items()}

    def _record_before(self) -> dict[str, Any]:
        try:
            record = json.loads(self.path.read_bytes()) if self.path.is_file() else {}
        except ValueError:
            record = None
        if not isinstance(record, dict):
            log.warning(f"{self.path} is damaged; the resumed run's record counts its seconds anew.")
            return {}
        return record

    def _collect(self, trainer: Trainer, in_epoch: bool = False) -> None:
        metrics = trainer.callback_metrics
        for name, value in metrics.items():
            number = float(value)
            self.last[name] = number
            # Until the epoch's end, what is logged for steps and epochs is the value of the latest step.
            own_step = name.endswith("_step") and name.removesuffix("_step") in metrics
            of_a_step = own_step or (in_epoch and f"{name}_step" in metrics)
            if not (of_a_step or math.isnan(number)) and (name not in self.best or better(name, number, self.best[name])):
                self.best[name] = number

    def _write(self, trainer: Trainer, pl_module: LightningModule, status: str) -> None:
        if not trainer.is_global_zero or trainer.fast_dev_run:  # type: ignore[attr-defined] # a trial of the code is no run
            return
        record = _beside(self._kept, self.record(trainer, pl_module, status))
        finite = {key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in record.items()}
        with atomic_write(self.path) as beside:
            beside.write_text(json.dumps(finite, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _beside(kept: dict[str, Any], tested: dict[str, Any]) -> dict[str, Any]:
    """The record of a test in a process of its own, with what the training's tells and the test does not know."""
    if not kept:
        return tested
    known = {name: value for name, value in tested.items() if value is not None and name not in ("epochs", "steps")}
    record = {**tested, **kept, **known}
    seconds = sum(value for name, value in record.items() if name.startswith("seconds/"))
    return {**record, "seconds": round(seconds, 2)}


def _chosen_by(trainer: Trainer) -> str | None:
    """The metric by which the best epoch's weights are kept; ``None`` where the last one's are."""
    savers = (each for each in trainer.callbacks if isinstance(each, classes("callbacks.ModelCheckpoint")))  # type: ignore[attr-defined]
    return next((each.monitor for each in savers if each.monitor), None)
