"""The private names of Lightning, torch, torchdata and torchmetrics that this folder relies on, and a check that they exist.

An upgrade that moves one of them would otherwise fail far from its cause, or not at all: a range test would leave traces, a
resumed training would differ from an unbroken one.
"""

from __future__ import annotations

import dis
import importlib
from functools import cache
from inspect import unwrap
from types import FunctionType
from typing import Any

from practicum.lightning_shim import MisconfigurationException, Trainer, root_of

_LIGHTNING = "pytorch_lightning"  # stands for either package in the table
_CONNECTOR = f"{_LIGHTNING}.trainer.connectors.logger_connector.logger_connector._LoggerConnector"
_FIT_LOOP = f"{_LIGHTNING}.loops.fit_loop._FitLoop"
_EPOCH_LOOP = f"{_LIGHTNING}.loops.training_epoch_loop._TrainingEpochLoop"
_RESULT = f"{_LIGHTNING}.trainer.connectors.logger_connector.result"

# Files of this folder, and the names that each relies on.
PRIVATE_NAMES: dict[str, tuple[str, ...]] = {
    "batches.py": (
        f"{_LIGHTNING}.core.module.LightningModule._on_before_batch_transfer",
        f"{_LIGHTNING}.trainer.call._call_strategy_hook",
        f"{_LIGHTNING}.trainer.trainer.Trainer.precision_plugin",
    ),
    "isolate_training.py": (
        f"{_LIGHTNING}.loggers.logger.DummyLogger",
        f"{_LIGHTNING}.loops.optimization.automatic._AutomaticOptimization.optim_progress",
        f"{_LIGHTNING}.loops.optimization.manual._ManualOptimization.optim_step_progress",
        f"{_LIGHTNING}.trainer.trainer.Trainer._logger_connector",
        f"{_LIGHTNING}.trainer.trainer.Trainer.lr_scheduler_configs",
        f"{_EPOCH_LOOP}._results",
        f"{_EPOCH_LOOP}.automatic_optimization",
        f"{_EPOCH_LOOP}.batch_progress",
        f"{_EPOCH_LOOP}.manual_optimization",
        f"{_FIT_LOOP}.epoch_loop",
    ),
    "loaders.py": (
        f"{_FIT_LOOP}._combined_loader",
        f"{_FIT_LOOP}._data_fetcher",
        f"{_LIGHTNING}.loops.evaluation_loop._EvaluationLoop._combined_loader",
        f"{_LIGHTNING}.loops.fetchers._DataLoaderIterDataFetcher",
        f"{_LIGHTNING}.loops.prediction_loop._PredictionLoop._combined_loader",
        f"{_LIGHTNING}.utilities.combined_loader.CombinedLoader._mode",
        f"{_LIGHTNING}.utilities.combined_loader.CombinedLoader.limits",
        "torch.utils.data.DataLoader._iterator",
        "torchdata.stateful_dataloader.stateful_dataloader.StatefulDataLoader._initial_iter_for_state_dict",
        "torchdata.stateful_dataloader.stateful_dataloader.StatefulDataLoader.next_iter_state",
    ),
    "loop_state.py": (
        f"{_LIGHTNING}.trainer.trainer.Trainer._logger_connector",
        f"{_CONNECTOR}._first_loop_iter",
        f"{_CONNECTOR}.metrics",
        f"{_CONNECTOR}.should_update_logs",
        f"{_EPOCH_LOOP}._batches_that_stepped",
        f"{_EPOCH_LOOP}._num_ready_batches_reached",
        f"{_EPOCH_LOOP}._results",
        f"{_EPOCH_LOOP}._should_accumulate",
        f"{_EPOCH_LOOP}._should_check_val_fx",
        f"{_FIT_LOOP}._data_fetcher",
        f"{_EPOCH_LOOP}.reset_restart_stage",
        f"{_EPOCH_LOOP}.restarting",
        f"{_FIT_LOOP}._restarting",
        f"{_FIT_LOOP}.epoch_loop",
        f"{_FIT_LOOP}.epoch_progress",
        f"{_FIT_LOOP}.reset_restart_stage",
        f"{_FIT_LOOP}.restarted_on_epoch_end",
        f"{_FIT_LOOP}.resumed_on_epoch_end",
        f"{_RESULT}._Metadata.is_mean_reduction",
        f"{_RESULT}._Metadata.is_sum_reduction",
        f"{_RESULT}._Metadata.on_epoch",
        f"{_RESULT}._Metadata.reduce_fx",
        f"{_RESULT}._ResultMetric.cumulated_batch_size",
        f"{_RESULT}._ResultMetric.is_tensor",
        f"{_RESULT}._ResultMetric.meta",
        f"{_RESULT}._ResultMetric.value",
        "torchmetrics.metric.Metric._computed",
        "torchmetrics.metric.Metric._defaults",
        "torchmetrics.metric.Metric._update_count",
    ),
    "run_in_parts.py": (
        f"{_LIGHTNING}.loops.optimization.automatic._AutomaticOptimization.run",
        f"{_LIGHTNING}.loops.optimization.manual._ManualOptimization.run",
        f"{_LIGHTNING}.trainer.trainer.Trainer._logger_connector",
        f"{_CONNECTOR}._first_loop_iter",
        f"{_EPOCH_LOOP}.automatic_optimization",
        f"{_EPOCH_LOOP}.manual_optimization",
        f"{_FIT_LOOP}.epoch_loop",
    ),
    "strategies.py": (f"{_LIGHTNING}.strategies.ddp.DDPStrategy._ddp_kwargs",),
    "torch_names.py": (
        "torch.nn.modules.batchnorm._BatchNorm",
        "torch.optim.lr_scheduler.ChainedScheduler._schedulers",
        "torch.optim.lr_scheduler.LRScheduler._last_lr",
        "torch.optim.lr_scheduler.SequentialLR._schedulers",
        "torch.utils._pytree.tree_map",
        "torch.utils._pytree.tree_map_only",
    ),
    "trial_steps.py": (
        f"{_LIGHTNING}.trainer.call._call_callback_hooks",
        f"{_LIGHTNING}.trainer.call._call_lightning_module_hook",
        f"{_LIGHTNING}.trainer.call._call_strategy_hook",
        f"{_LIGHTNING}.trainer.trainer.Trainer._logger_connector",
        f"{_CONNECTOR}.on_batch_start",
        f"{_EPOCH_LOOP}._build_kwargs",
        f"{_EPOCH_LOOP}._should_accumulate",
        f"{_EPOCH_LOOP}.batch_idx",
        f"{_LIGHTNING}.loops.optimization.automatic._AutomaticOptimization.run",
        f"{_LIGHTNING}.loops.optimization.manual._ManualOptimization.run",
        f"{_LIGHTNING}.utilities.exceptions._TunerExitException",
    ),
}


def check_private_names(trainer: Trainer, *files: str) -> None:
    """Raise if something that these files rely on is no longer there.

    Args:
        trainer: Its package of Lightning is checked.
        files: Names of files of this folder, as in :data:`PRIVATE_NAMES`. Default: all of them.

    Raises:
        MisconfigurationException: A name is missing; says which, in which version of which package, and who relies on it.
    """
    root = root_of(trainer).__name__
    for file in files or tuple(PRIVATE_NAMES):
        for name in PRIVATE_NAMES[file]:
            check_name(name, file, root)


@cache
def check_name(name: str, file: str, root: str = _LIGHTNING) -> None:
    """Raise if one name is no longer there.

    Args:
        name: Dotted; of Lightning's below ``pytorch_lightning``.
        file: File of this folder that relies on it, for the message.
        root: The package of Lightning to look in.
    """
    if name.startswith(f"{_LIGHTNING}."):
        name = root + name.removeprefix(_LIGHTNING)
    if not _exists(name):
        package = root if name.startswith(f"{root}.") else name.partition(".")[0]
        version = getattr(importlib.import_module(package), "__version__", "")
        raise MisconfigurationException(
            f"{package} {version} moved {name}, see practicum/callbacks/trainer_internals/{file}; install a version that "
            "practicum was tested with."
        )


def _exists(name: str) -> bool:
    parts = name.split(".")
    owner: Any = None
    for place in range(len(parts), 0, -1):
        try:
            owner = importlib.import_module(".".join(parts[:place]))
        except ImportError:
            continue
        break
    for part in parts[place:]:
        if not hasattr(owner, part):
            return isinstance(owner, type) and part == parts[-1] and _is_set_by_methods(owner, part)
        owner = getattr(owner, part)
    return owner is not None


def _is_set_by_methods(owner: type, attribute: str) -> bool:
    """Return whether a class declares an attribute of its instances, or assigns it in a method."""
    for kind in owner.__mro__:
        if attribute in vars(kind).get("__annotations__", {}):
            return True
        for function in map(unwrap, vars(kind).values()):
            if isinstance(function, FunctionType) and attribute in function.__code__.co_names:
                code = dis.get_instructions(function)
                if any(each.opname == "STORE_ATTR" and each.argval == attribute for each in code):
                    return True
    return False
