"""Build Lightning's ``Trainer`` for the machine at hand: its accelerator and precision."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import DictConfig
from practicum.callbacks import NotebookProgress, WholeFileCheckpointIO
from practicum.callbacks.run.notebook_progress import in_notebook
from practicum.lightning_shim import Callback, MisconfigurationException, PassThroughProfiler, Trainer, classes

from .claimed_folder import processes
from .sweeps.outcome import in_a_sweep

log = logging.getLogger(__name__)


def clip_without_fused(cfg: DictConfig) -> None:
    """Switch off ``optimizer.fused`` where Lightning refuses to clip gradients beside it: in mixed precision.

    Args:
        cfg: The composed configuration with its precision resolved; ``optimizer.fused`` is changed in it, and that is said.
    """
    if cfg.optimizer.get("fused") and cfg.trainer.get("gradient_clip_val") and str(cfg.trainer.precision).endswith("mixed"):
        cfg.optimizer.fused = False
        log.info(f"optimizer.fused is off: Lightning clips no gradients beside it in {cfg.trainer.precision}.")


def check_accelerator(accelerator: str) -> None:
    """Refuse an accelerator that this machine does not have.

    Args:
        accelerator: The value of ``trainer.accelerator``.

    Raises:
        MisconfigurationException: ``gpu`` or ``cuda`` without one.
    """
    if accelerator in ("gpu", "cuda") and not torch.cuda.is_available() and not torch.backends.mps.is_available():
        raise MisconfigurationException(
            f"trainer.accelerator={accelerator}: this machine has no GPU that torch can use; choose cpu or auto."
        )


class NoProfiler(PassThroughProfiler):
    """Lightning's default profiler, which measures nothing, at no cost.

    Lightning enters a context for every hook of every callback, some 60 times a step; by default each is a new generator.
    Measured on a step of a two-layer MLP with seven callbacks: 1.11 to 1.03 ms.
    """

    _nothing = nullcontext()

    def profile(self, action_name: str) -> AbstractContextManager[Any]:  # type: ignore[override]
        """Return a context that does nothing, the same one each time."""
        return self._nothing


def one_device_in_a_sweep(config: DictConfig) -> None:
    """Let ``devices=auto`` be one device in a run of a sweep: Lightning starts more processes by the sweep's command once more.

    Args:
        config: The ``trainer`` node; ``devices`` is changed in it, and that is said where there are more.
    """
    if in_a_sweep() and config.get("devices") == "auto" and processes() == 1:
        config.devices = 1
        if (there := torch.cuda.device_count()) > 1:
            log.info(f"A run of a sweep trains on one device; {there} are there.")


def build_trainer(config: DictConfig, callbacks: list[Callback], loggers: list[Any]) -> Trainer:
    """Instantiate Lightning's ``Trainer``.

    Args:
        config: The ``trainer`` node.
        callbacks: Callbacks, in order.
        loggers: Loggers.

    Raises:
        MisconfigurationException: An accelerator, strategy or precision that Lightning does not know or cannot combine.
    """
    try:
        plugins = [*(instantiate(config.get("plugins"), _convert_="all") or []), WholeFileCheckpointIO()]
        given: dict[str, Any] = {"callbacks": callbacks, "logger": loggers, "plugins": plugins}
        if config.get("profiler") is None:
            given["profiler"] = NoProfiler()
        if in_notebook():  # a run that is trained from a cell: rich draws for terminals
            callbacks = [
                NotebookProgress() if isinstance(each, classes("callbacks.RichProgressBar")) else each for each in callbacks
            ]
            given["callbacks"] = callbacks
        bars = [each for each in callbacks if isinstance(each, classes("callbacks.ProgressBar"))]
        if config.get("enable_progress_bar") is None and not bars:
            given["enable_progress_bar"] = False  # callbacks.progress=null: Lightning would add a bar of its own
        trainer: Trainer = instantiate(config, **given, _convert_="all")
    except InstantiationException as error:
        if isinstance(error.__cause__, ValueError | TypeError | RuntimeError | ImportError):
            raise MisconfigurationException(f"trainer: {error.__cause__}") from error
        raise
    _refuse_processes_in_a_sweep(trainer, str(config.get("strategy")))
    device = trainer.strategy.root_device.type
    if config.get("sync_batchnorm") and device in ("cpu", "mps"):  # torch would say so in the first step, by a traceback
        raise MisconfigurationException(
            f"trainer.sync_batchnorm=true: torch synchronizes BatchNorm on GPUs only, and this training runs on {device}; leave "
            "it out."
        )
    return trainer


def _refuse_processes_in_a_sweep(trainer: Trainer, strategy: str) -> None:
    """Each further process would begin a sweep of its own, and train its runs, or its trials, out of step."""
    by_command = not strategy.endswith(("spawn", "fork", "notebook"))
    if by_command and in_a_sweep() and trainer.world_size > 1 and processes() == 1:
        raise MisconfigurationException(
            f"trainer: a run of a sweep can't start {trainer.world_size} processes, each of which would begin the sweep anew; "
            "take trainer.devices=1, or train the runs one by one."
        )
