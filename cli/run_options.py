"""Check the options of a training that belong to no class: its length, its seed, and keys that nothing would read."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from practicum.callbacks.run.results import is_result, result_name, results
from practicum.lightning_shim import MisconfigurationException

_GROUPS = ("model", "data", "optimizer", "schedule", "augment", "callbacks", "trainer", "logger", "pretraining")
_OPTIONS = ("seed", "epochs", "refit", "baselines", "resume", "trust", "objective", "name", "paths")
_OF_DATA = ("hints",)  # chosen by the data, not by the command line
_NESTED = {
    "resume": ("run", "force", "sweep"),
    "paths": ("data", "run"),
    "pretraining": ("model", "optimizer", "schedule", "classifier", "epochs", "batch_size", "bptt"),
}
_FOLDERS = ("paths.data", "data.cache", "data.download_dir", "data.synthetic_dir")
_TABLES = "metrics predictions submission rejected duplicates near_duplicates splits columns"  # that a run writes
_WRITTEN = tuple(f"{each}.csv" for each in _TABLES.split())
_RECORDER = "practicum.callbacks.RunRecord"
_MAX_SEED = 2**32 - 1  # numpy's
_NOTHING = {"max_epochs": 0, "max_steps": 0, "limit_train_batches": 0}  # values of the trainer's with which nothing is trained


def check_run_options(cfg: DictConfig) -> None:
    """Check what :func:`.check_config` has no signature for.

    Args:
        cfg: The composed configuration; ``resume=null`` is completed in it.

    Raises:
        MisconfigurationException: A value that no training can use, or a key that nothing reads.
    """
    if cfg.resume in (None, ""):  # resume=null
        cfg.resume = {"run": None, "force": False, "sweep": False}
    if not isinstance(cfg.resume, DictConfig):
        raise MisconfigurationException(f"resume={cfg.resume}: a run folder is wanted.")
    _check_keys(cfg)
    if cfg.epochs is not None:
        _whole("epochs", cfg.epochs, 1, None)
    _whole("seed", cfg.seed, 0, _MAX_SEED)
    flags = {f"resume.{name}": cfg.resume.get(name) for name in ("force", "sweep")}
    check_flags(flags | {name: cfg.get(name, False) for name in ("trust", "refit", "baselines")})
    if not isinstance(cfg.objective, str | None):
        raise MisconfigurationException(f"objective={cfg.objective}: the name of one metric is wanted, such as val/accuracy.")
    for name in _GROUPS:
        if not isinstance(cfg.get(name), DictConfig | None):
            raise MisconfigurationException(f"{name}={cfg[name]}: a choice of this group is wanted (see --help).")
    for name in ("epochs", "batch_size", "bptt") if cfg.get("pretraining") else ():
        if name != "epochs" or cfg.pretraining.epochs is not None:
            _whole(f"pretraining.{name}", cfg.pretraining.get(name), 1, None)
    for name in ("model", "data", "optimizer", "trainer"):
        if cfg.get(name) is None or "_target_" not in cfg[name]:
            raise MisconfigurationException(f"{name} is missing: choose one, {name}=... (see --help).")
    _check_recorder(cfg)
    _check_folders(cfg)
    for name, nothing in _NOTHING.items():
        value = cfg.trainer.get(name)
        if isinstance(value, int | float) and value == nothing:
            raise MisconfigurationException(f"trainer.{name}={value} trains nothing; leave it out, or give more.")


def check_flags(flags: Mapping[str, Any]) -> None:
    """Refuse what is neither true nor false: ``trust=no`` is a text, which Python would take for true.

    Args:
        flags: Values by the name of their option.

    Raises:
        MisconfigurationException: There is such a value.
    """
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise MisconfigurationException(f"{name}={value} is not of the right type: true or false is wanted.")


def _check_recorder(cfg: DictConfig) -> None:
    """Refuse a choice of callbacks that leaves out what a run writes: ``callbacks=tta`` in place of ``[default,tta]``."""
    callbacks = cfg.get("callbacks") or {}
    targets = [each.get("_target_") for each in callbacks.values() if isinstance(each, DictConfig)]
    if callbacks.get("record") or _RECORDER in targets:
        return
    added = [str(name) for name, each in callbacks.items() if each]
    hint = f"; a technique comes beside the others: callbacks=[default,{','.join(added)}]" if 0 < len(added) < 3 else ""
    raise MisconfigurationException(f"callbacks.record is missing: without it a run folder has no metrics.json{hint}.")


def check_objective(objective: str | None, tests_on: str) -> None:
    """Refuse, before anything is trained, to optimize a result of a split that does not measure it.

    Args:
        objective: Name of a metric, or ``None``.
        tests_on: The split that measures the result.

    Raises:
        MisconfigurationException: It is the test's where validation measures the result, or the other way round.
    """
    if objective is None or not is_result(objective):
        return
    metric = next(iter(results({objective: 0.0})))
    exists = result_name(metric, tests_on)
    if objective == exists:
        return
    if tests_on == "valid":
        raise MisconfigurationException(
            f"objective={objective}: no test has rows of its own here, so validation measures the result; optimize {exists} (of "
            f"the weights that are kept) or val/{metric}, or hold out a test."
        )
    raise MisconfigurationException(
        f"objective={objective}: a test has rows of its own here and measures the result, {exists}; validation's is val/{metric}."
    )


def _check_folders(cfg: DictConfig) -> None:
    """Refuse folders that can't be made because a file is there; the parts that write into them may do without, for an hour."""
    for name in _FOLDERS:
        value = OmegaConf.select(cfg, name)
        if value is None and name != "paths.data":
            continue
        if not isinstance(value, str):
            raise MisconfigurationException(f"{name}={value}: a folder is wanted.")
        there = next(path for path in (Path(value), *Path(value).absolute().parents) if os.path.lexists(path))
        if there.exists() and not there.is_dir():
            raise MisconfigurationException(f"{name}={value}: {there} is a file, not a folder; choose another place.")


def check_run_folder(cfg: DictConfig, hydras: str) -> None:
    """Refuse a run folder that is not Hydra's: what prediction needs, its configuration first, would lie in two places.

    Args:
        cfg: The composed configuration.
        hydras: Hydra's output folder of this job.

    Raises:
        MisconfigurationException: They differ.
    """
    for name in ("paths.run", "trainer.default_root_dir"):
        folder = OmegaConf.select(cfg, name)
        if folder is None or Path(str(folder)).resolve() != Path(hydras).resolve():
            raise MisconfigurationException(
                f"{name}={folder}: the folder of a run is set by hydra.run.dir (in a sweep hydra.sweep.dir), so that its "
                "configuration and all that prediction needs lie in one place."
            )


def check_own_data(cfg: DictConfig, hydras: str) -> None:
    """Refuse a table as data that the run would write a file of its own in the place of.

    Args:
        cfg: The composed configuration.
        hydras: Hydra's output folder of this job.

    Raises:
        MisconfigurationException: There is one.
    """
    for key in ("root", "csv", "items"):
        path = OmegaConf.select(cfg, f"data.{key}")
        if isinstance(path, str) and Path(path).name in _WRITTEN and Path(path).resolve().parent == Path(hydras).resolve():
            raise MisconfigurationException(
                f"data.{key}={path}: the run writes a file of that name into its folder; give another one, hydra.run.dir=DIR."
            )


def _whole(name: str, value: Any, least: int, most: int | None) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        upto = "" if most is None else f" to {most}"
        raise MisconfigurationException(f"{name}={value} must be a whole number from {least}{upto}.")


def _check_keys(cfg: DictConfig) -> None:
    """Refuse keys that nothing reads: neither this program nor another key (``optimizer.lr=${my.lr}``)."""
    known = [*_GROUPS, *_OPTIONS]
    keys: dict[str, list[str]] = {str(key): known for key in cfg if key not in _OF_DATA}
    for group, names in _NESTED.items():
        if isinstance(cfg.get(group), DictConfig):
            keys |= {f"{group}.{key}": [f"{group}.{name}" for name in names] for key in cfg[group]}
    strange = [key for key, valid in keys.items() if key not in valid]
    text = OmegaConf.to_yaml(cfg, resolve=False) if strange else ""
    for key in strange:
        if f"${{{key}}}" not in text and f"${{{key}." not in text:
            near = difflib.get_close_matches(key, keys[key], n=1) or difflib.get_close_matches(key, _deep_keys(cfg), n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(keys[key])}."
            raise MisconfigurationException(f"{key}: nothing reads this option; {hint}")


def _deep_keys(cfg: DictConfig) -> list[str]:
    return [f"{group}.{key}" for group in _GROUPS if isinstance(cfg.get(group), DictConfig) for key in cfg[group]]
