"""Read a run folder's configuration and record as data, whoever made them.

A configuration can name any class, anywhere, and Hydra would call it. Of a folder that is not trusted only this is accepted:

- classes of practicum at the keys where they belong: a data module at ``data``, a module at ``model``, augmentation at
  ``data.augment``, prediction transforms below ``callbacks``; other callbacks are not used in prediction and left out;
- plain values everywhere else, of the types that the signatures of these classes want;
- interpolations of other keys (``${seed}``), no resolvers (``${oc.env:HOME}``);
- paths to read from within the folder. Nothing is written to a path that the configuration names.
"""

from __future__ import annotations

import inspect
import json
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import practicum.callbacks
import practicum.datamodules
import practicum.modules
import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from practicum.callbacks import PredictionTransform
from practicum.datamodules.files.quoting import plain as shortened
from practicum.datamodules.files.quoting import quoted
from practicum.lightning_shim import LightningDataModule, LightningModule, MisconfigurationException

from .config_check import check_config
from .next_command import train_program
from .pretraining import model_in_force

_MAX_BYTES = 4 << 20  # of a configuration or a record; theirs have some kilobytes
_AUGMENT = frozenset({"practicum.datamodules.Augment", "practicum.datamodules.RandAugment"})
_REFERENCE = re.compile(r"\$\{[\w.\[\]-]+\}")  # ${seed}, ${paths.run}; a resolver has a colon
_TRUST = "; trust=true allows it."
_READ_FROM = {"data": ("artifacts_dir",), "callbacks": ("temperature_file", "folder")}  # options that are paths, by group


def read_config(folder: Path) -> DictConfig:
    """The configuration of a run folder, nothing in it resolved.

    Args:
        folder: The run folder.

    Raises:
        MisconfigurationException: There is none, or it can't be read.
    """
    path = folder / ".hydra" / "config.yaml"
    if not path.is_file():
        raise MisconfigurationException(f"run={folder}: not a run folder of {train_program()} (it has no .hydra/config.yaml).")
    config = load_yaml(path)
    if not isinstance(config, DictConfig) or any(not isinstance(config._get_node(key), DictConfig) for key in ("model", "data")):
        raise MisconfigurationException(f"{path}: not a configuration of {train_program()} (it names no model and no data).")
    return model_in_force(config)


def load_yaml(path: Path) -> Any:
    """Load a YAML file that Hydra wrote: a ``DictConfig`` or a ``ListConfig``.

    Args:
        path: The file.

    Raises:
        MisconfigurationException: It is damaged, or of a size or form that Hydra does not write.
    """
    try:
        text = _text(path)
        if "*" in text and any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
            raise ValueError("it has aliases")  # a few lines of them can stand for gigabytes; Hydra writes none
        return OmegaConf.create(text)
    except AssertionError as error:  # OmegaConf's answer to a lone number or date
        reason = "a single value, not names and values"
        raise MisconfigurationException(f"{path}: damaged, or not written by {train_program()} ({reason}).") from error
    except (yaml.YAMLError, OmegaConfBaseException, ValueError, RecursionError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).split())[:150]
        raise MisconfigurationException(f"{path}: damaged, or not written by {train_program()} ({reason}).") from error


def read_record(path: Path) -> dict[str, Any]:
    """A run's record, ``metrics.json``; empty where there is none.

    Args:
        path: The file.

    Raises:
        MisconfigurationException: It is damaged.
    """
    if not path.is_file():
        return {}
    try:
        record = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise MisconfigurationException(f"{path}: damaged, not the record of a run ({error}).") from error
    if not isinstance(record, dict):
        raise MisconfigurationException(f"{path}: not the record of a run (a {type(record).__name__}, not names and values).")
    return record


def _text(path: Path) -> str:
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"it has more than {_MAX_BYTES >> 20} MiB")
    return path.read_text(encoding="utf-8")


def known_config(config: DictConfig, folder: Path) -> DictConfig:
    """What prediction uses of a configuration that is not trusted, resolved.

    Args:
        config: The configuration as it was read, with ``paths.run``, where the folder is now.
        folder: The run folder.

    Returns:
        Its ``model``, ``data``, ``hints``, ``paths`` and the prediction transforms among its ``callbacks``, in plain values.

    Raises:
        MisconfigurationException: It has more in it than what this file's first lines list; the message says what.
    """
    plain: Any = OmegaConf.to_container(config, resolve=False)
    callbacks = plain.get("callbacks") if isinstance(plain.get("callbacks"), dict) else {}
    transforms = _allowed(practicum.callbacks, PredictionTransform)
    used = {
        "model": plain["model"],
        "data": plain["data"],
        "callbacks": {k: each for k, each in callbacks.items() if isinstance(each, dict) and _target(each) in transforms},
        "hints": plain.get("hints"),
    }
    if (lookup := _lookup(used, "")) is not None:
        key, value = lookup
        raise MisconfigurationException(
            f"run={folder}: its configuration looks something up, {key}={shortened(str(value))}{_TRUST}"
        )
    others = {key: value for key, value in plain.items() if key not in used and _lookup(value, "") is None}
    try:
        resolved: Any = OmegaConf.to_container(OmegaConf.create(others | used), resolve=True)
    except (OmegaConfBaseException, RecursionError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise MisconfigurationException(f"run={folder}: its configuration can't be resolved ({first}).") from error
    found = {key: resolved[key] for key in ("model", "data", "callbacks", "hints", "paths")}
    _require_known(found, folder)
    _require_inside(found, folder)
    return OmegaConf.create(found)


def check_options(config: DictConfig, folder: Path) -> None:
    """Compare the options of a run's data and transforms with the signatures of their classes.

    Args:
        config: What :func:`known_config` returned.
        folder: The run folder.

    Raises:
        MisconfigurationException: An unknown option, or a value of another type.
    """
    try:
        check_config(OmegaConf.create({"data": config.data, "callbacks": config.callbacks}))
    except MisconfigurationException as error:
        raise MisconfigurationException(f"run={folder}: {error}") from error


@cache
def _allowed(package: ModuleType, base: type) -> frozenset[str]:
    """Dotted names of the classes of one kind that a package exports."""
    exported = {name: getattr(package, name) for name in package.__all__}
    kind = [name for name, each in exported.items() if inspect.isclass(each) and issubclass(each, base)]
    return frozenset(f"{package.__name__}.{name}" for name in kind)


def _target(node: dict[Any, Any]) -> str | None:
    return node["_target_"] if isinstance(node.get("_target_"), str) else None


def _lookup(node: Any, path: str) -> tuple[str, str] | None:
    """Key and value of the first text that more than a reference to another key is in."""
    if isinstance(node, str):
        return (path, node) if "${" in _REFERENCE.sub("", node) else None
    if not isinstance(node, dict | list):
        return None
    items = node.items() if isinstance(node, dict) else enumerate(node)
    return next(filter(None, (_lookup(each, f"{path}.{key}" if path else str(key)) for key, each in items)), None)


def _require_known(found: dict[str, Any], folder: Path) -> None:
    allowed = {
        "model": _allowed(practicum.modules, LightningModule),
        "data": _allowed(practicum.datamodules, LightningDataModule),
        "data.augment": _AUGMENT,
        **{f"callbacks.{name}": _allowed(practicum.callbacks, PredictionTransform) for name in found["callbacks"]},
    }

    def check(node: Any, path: str) -> None:
        if isinstance(node, dict | list):
            for key, each in node.items() if isinstance(node, dict) else enumerate(node):
                name = f"{path}.{key}" if path else str(key)
                if str(key) == "_target_" and not (isinstance(each, str) and each in allowed.get(path, ())):
                    ours = isinstance(each, str) and each.startswith("practicum.")
                    where = f" at {path}, where it does not belong" if ours else ", which is not part of practicum"
                    raise MisconfigurationException(
                        f"run={folder}: its configuration would run {shortened(str(each))}{where}{_TRUST}"
                    )
                if str(key).startswith("_") and str(key) != "_target_":
                    raise MisconfigurationException(
                        f"run={folder}: its configuration has {name}, which changes how something is called{_TRUST}"
                    )
                check(each, name)

    check(found, "")
    for group in ("model", "data"):
        if not isinstance(found[group], dict) or "_target_" not in found[group]:
            raise MisconfigurationException(f"run={folder}: its configuration names no class at {group} ({group}._target_).")


def _require_inside(found: dict[str, Any], folder: Path) -> None:
    nodes = {"data": found["data"], **{f"callbacks.{name}": node for name, node in found["callbacks"].items()}}
    for name, node in nodes.items():
        for option in _READ_FROM[name.partition(".")[0]]:
            value = node.get(option)
            # A temperature's file is relative to the run, other paths to the working directory.
            start = folder if option == "temperature_file" else Path()
            if isinstance(value, str) and not _is_inside(start / value, folder) and not _writes_figures(node, option):
                raise MisconfigurationException(
                    f"run={folder}: its configuration reads {name}.{option}={quoted(value)}, which is not in the run "
                    f"folder{_TRUST}"
                )


def _is_inside(path: Path, folder: Path) -> bool:
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a null byte, a loop of links
        return False


def _writes_figures(node: dict[str, Any], option: str) -> bool:
    """Whether an option is a folder of figures, which prediction does not draw."""
    return option == "folder" and not str(node["_target_"]).endswith(".SnapshotEnsemble")
