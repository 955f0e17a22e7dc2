"""A run's figures in the loggers that show pictures: TensorBoard, Weights & Biases, MLflow.

**What it does.** At the end of a fit and of a test, gives each logger the figures that are new in the run's folder, by the
logger's own way: TensorBoard's ``add_image``, ``WandbLogger.log_image``, MLflow's ``log_artifact``. They are the files
themselves, so that they look as in the report, whichever callback drew them; ``add_figure`` and ``log_figure`` would draw them
anew, without their titles. A logger of another kind is passed over.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from practicum.lightning_shim import LightningModule, Trainer

from ..roles import Watcher

log = logging.getLogger(__name__)


def picture_sink(logger: Any) -> Callable[[str, Path, int], None] | None:
    """Return what gives a picture to a logger, ``sink(name, path, step)``; ``None``: it takes none.

    Args:
        logger: Any of Lightning's, or one of the same interface.
    """
    if hasattr(logger, "log_image"):  # WandbLogger
        return lambda name, path, step: logger.log_image(key=name, images=[str(path)])
    experiment = logger.experiment
    if hasattr(experiment, "add_image"):  # TensorBoard's SummaryWriter
        return lambda name, path, step: experiment.add_image(name, _pixels(path), step, dataformats="HWC")
    if hasattr(experiment, "log_artifact") and hasattr(logger, "run_id"):  # MlflowClient
        return lambda name, path, step: experiment.log_artifact(logger.run_id, str(path), os.path.dirname(name))
    return None


def _pixels(path: Path) -> np.ndarray[Any, Any]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


class LogFigures(Watcher):
    """Gives figures to loggers; what goes wrong there is a warning, as the figures are in the folder.

    Args:
        folder: Of PNG files, relative to ``trainer.default_root_dir``.

    Example:
        >>> from practicum.callbacks import LogFigures
        >>> callback = LogFigures()  # Trainer(callbacks=[callback], logger=TensorBoardLogger("runs"))
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures") -> None:
        super().__init__()
        self.folder = folder
        self._given: dict[Path, int] = {}  # when it was written

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Give those that are new; all callbacks have drawn by now."""
        if not trainer.is_global_zero:
            return
        root = Path(trainer.default_root_dir) / self.folder
        written = {path: path.stat().st_mtime_ns for path in sorted(root.rglob("*.png"))}
        new = [path for path, at in written.items() if self._given.get(path) != at]
        if not new:
            return
        self._given = written
        for logger in trainer.loggers:
            try:
                if (sink := picture_sink(logger)) is not None:
                    for path in new:
                        sink(f"figures/{path.relative_to(root).with_suffix('').as_posix()}", path, trainer.global_step)
            except Exception as error:
                what = " ".join(f"{type(error).__name__}: {error}".split())[:200]
                log.warning(f"{type(logger).__name__} took no figures ({what}); they are in {root}.")
