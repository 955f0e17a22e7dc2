"""A search's memory: Optuna's study, in a file of the sweep's folder (SQLite) or in a database that several machines share."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.errors import InstantiationException
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf
from packaging.version import Version

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.storages import RDBStorage

FILE = "optuna.db"
_WAIT = 60  # seconds for another process's write
# One sequence that all trials share, whose position is in the study: another seed would be another sequence.
_SEQUENCES = ("QMCSampler", "GridSampler", "BruteForceSampler")


def require_optuna() -> None:
    """Refuse where Optuna is missing.

    Raises:
        MisconfigurationException: It is.
    """
    from practicum.lightning_shim import MisconfigurationException  # noqa: PLC0415 - heavy

    if not importlib.util.find_spec("optuna") or Version(importlib.metadata.version("optuna")) < Version("4"):
        raise MisconfigurationException('sweep=optuna needs Optuna, version 4 or newer: pip install "practicum[sweep]".')


def open_storage(folder: Path, url: str | None) -> RDBStorage:
    """Open the database of a search.

    Args:
        folder: The sweep's folder.
        url: Of a database (``postgresql://...``). Default: ``optuna.db`` in the folder.
    """
    from optuna.storages import RDBStorage  # noqa: PLC0415 - optional

    if url is None:
        return RDBStorage(f"sqlite:///{(folder / FILE).resolve()}", engine_kwargs={"connect_args": {"timeout": _WAIT}})
    return RDBStorage(url)


def study_name(folder: Path, name: str | None, storage: RDBStorage, url: str | None) -> str:
    """What a study is called: as configured, else as the only one of the sweep's own file, else as the sweep's folder.

    Args:
        folder: The sweep's folder, which may have been renamed.
        name: As configured.
        storage: The opened database.
        url: What it was opened by; ``None``: the sweep's own file.
    """
    from optuna.study import get_all_study_names  # noqa: PLC0415 - optional

    there = get_all_study_names(storage) if name is None and url is None else []
    return name or (there[0] if len(there) == 1 else folder.resolve().name)


def sampler_for(config: DictConfig, number: int) -> BaseSampler:
    """Build the sampler of one trial.

    Samplers draw from a generator that dies with its process; a resumed search would draw again what it has drawn. So each trial
    gets a sampler with a seed of its own, the configured one plus the trial's number, and a search that was broken off continues
    as if it had not been. What samplers learn from, finished trials, is in the study.

    Args:
        config: Of the sampler, ``seed`` among its options.
        number: The trial's.
    """
    seed = config.get("seed")
    one_sequence = get_class(config._target_).__name__ in _SEQUENCES
    return _built("sampler", config, **({} if seed is None or one_sequence else {"seed": int(seed) + number}))


def build_pruner(config: Any) -> Any:
    """Build Optuna's pruner; one that prunes nothing where none is configured.

    Where the number of epochs is chosen by the data, Hyperband takes its greatest from the first trials that come to their end.
    """
    from optuna.pruners import NopPruner  # noqa: PLC0415 - optional

    if not isinstance(config, DictConfig) or "_target_" not in config:
        return NopPruner()
    return _built("pruner", config, **({"max_resource": "auto"} if config.get("max_resource", "auto") is None else {}))


def _built(option: str, config: DictConfig, **more: Any) -> Any:
    from practicum.lightning_shim import MisconfigurationException  # noqa: PLC0415 - heavy

    try:
        return instantiate(config, **more)
    except InstantiationException as error:
        if isinstance(error.__cause__, ValueError | TypeError):
            raise MisconfigurationException(f"hydra.sweeper.{option}: {error.__cause__}") from error
        raise


def open_trial(folder: Path, sweeper: DictConfig, number: int) -> tuple[Study, Any]:
    """A running trial of a search, from the process that trains it.

    Args:
        folder: The sweep's folder.
        sweeper: Its configuration of the sweeper.
        number: The trial's.

    Returns:
        The study, and the trial (``optuna.trial.Trial``).
    """
    import optuna  # noqa: PLC0415 - optional

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = open_storage(folder, sweeper.storage)
    name = study_name(folder, sweeper.study_name, storage, sweeper.storage)
    pruner = build_pruner(OmegaConf.create(OmegaConf.to_container(sweeper.pruner, resolve=True)))
    study = optuna.load_study(study_name=name, storage=storage, pruner=pruner)
    identifier = storage.get_trial_id_from_study_id_trial_number(storage.get_study_id_from_name(name), number)
    return study, optuna.trial.Trial(study, identifier)
