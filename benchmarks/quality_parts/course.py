"""Writes down each validation: seconds since the process was started, seconds on the processor, and the metric."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from practicum.callbacks import Watcher
from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer

STARTED = "BENCHMARK_STARTED"  # a variable: time.monotonic() as the process was started


def processor_seconds() -> float:
    """Of this process and of those that it started and waited for, by all threads: other work does not lengthen them."""
    return sum(os.times()[:4])


class Course(Watcher):
    """Append a line of JSON to a file after each validation.

    Args:
        path: The file.
        metric: What is measured, such as ``val/accuracy``.

    Raises:
        MisconfigurationException: Validation does not measure that.
    """

    def __init__(self, path: str, metric: str) -> None:
        super().__init__()
        self.path, self.metric = Path(path), metric
        self.started = float(os.environ[STARTED])

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.sanity_checking:
            return
        if self.metric not in trainer.callback_metrics:
            known = ", ".join(sorted(trainer.callback_metrics))
            raise MisconfigurationException(f"metric={self.metric} is not measured by validation; there are {known}.")
        value = float(trainer.callback_metrics[self.metric])
        line = {"seconds": time.monotonic() - self.started, "processor": processor_seconds(), "value": value}
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
