"""Check a composed configuration against what it configures, before any data are touched.

Every node with a ``_target_`` is compared with the signature of that class or function: unknown keys, values of another type,
missing values.
"""

from __future__ import annotations

import difflib
import inspect
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typeguard
from omegaconf import DictConfig, ListConfig, OmegaConf
from practicum.datamodules.files.quoting import listed, plain, quoted
from practicum.datamodules.tabular.readers import is_table
from practicum.datamodules.tabular.source_table import read_one
from practicum.lightning_shim import MisconfigurationException

from .callback_groups import check_callback_group
from .import_target import import_target
from .renamed import renamed_option, renamed_value
from .signatures import Option, options_of


def check_config(cfg: DictConfig) -> None:
    """Check every configured object of ``cfg``.

    Args:
        cfg: The composed configuration.

    Raises:
        MisconfigurationException: The first unknown key, wrong type or missing value, with its full name.
    """
    for key in cfg:
        if not OmegaConf.is_missing(cfg, key):
            _check_node(cfg[key], str(key))
    if (data := cfg.get("data")) and "_target_" in data:
        check_callback_group(cfg.get("callbacks"), data, import_target("data._target_", data["_target_"]))
    callbacks = {f"callbacks.{key}": each for key, each in (cfg.get("callbacks") or {}).items()}
    loggers = {f"logger.{key}": each for key, each in (cfg.get("logger") or {}).items()}
    for path, node in {"schedule": cfg.get("schedule"), **callbacks, **loggers}.items():
        if node is not None and not isinstance(node, DictConfig):
            group = path.partition(".")[0]
            raise MisconfigurationException(
                f"{path}={plain(str(node))}: a {group.removesuffix('s')} with options is wanted, or null."
            )
        if node and "_target_" not in node:
            option = str(next(iter(node)))
            raise MisconfigurationException(
                f"{path}.{option}: no {path} is chosen that it could belong to; choose one, or leave it out (~{path}.{option})."
            )


def _check_node(node: Any, path: str) -> None:
    if isinstance(node, ListConfig):
        for index, item in enumerate(node):
            _check_node(item, f"{path}[{index}]")
    if not isinstance(node, DictConfig):
        return
    options = options_of(import_target(f"{path}._target_", node["_target_"])) if "_target_" in node else None
    for key in node:
        name = f"{path}.{key!s}"
        if OmegaConf.is_missing(node, key):
            known = _columns(node) if key == "target" else ""
            raise MisconfigurationException(f"{name} is missing: give it as {name}=...{known}")
        if options is not None and not str(key).startswith("_"):
            if key not in options:
                raise MisconfigurationException(_unknown(path, str(key), node, options))
            _check_value(name, node[key], options[str(key)].type)
        _check_node(node[key], name)


def _columns(node: DictConfig) -> str:
    """The columns of a table, where its file is known."""
    root = node.get("root")
    if not isinstance(root, str) or not Path(root).is_file() or not is_table(Path(root)):
        return ""
    names = read_one(Path(root), OmegaConf.to_container(node.csv_format)).frame.collect_schema().names()
    return f", a column of {root}: {listed(names, 20)}."


def _unknown(path: str, key: str, node: DictConfig, options: dict[str, Option]) -> str:
    valid, listed = [f"{path}.{name}" for name in options], [f"{path}.{name!s}" for name in node]
    if (sentence := renamed_option(f"{path}.{key}", valid, listed)) is not None:
        return sentence
    owner = node["_target_"].rpartition(".")[2]
    near = difflib.get_close_matches(key, options, n=1)
    hint = f"did you mean {path}.{near[0]}?" if near else f"it has {', '.join(sorted(options))}."
    return f"{path}.{plain(key)}: {owner} has no such option; {hint}"


def _check_value(name: str, value: Any, wanted: Any) -> None:
    if isinstance(value, DictConfig) and "_target_" in value:
        return  # checked by itself; its type is that of what it makes
    given = OmegaConf.to_container(value, resolve=True) if isinstance(value, DictConfig | ListConfig) else value
    if isinstance(given, list) and _takes_tuple(wanted):
        given = tuple(given)  # YAML has no tuples
    try:
        typeguard.check_type(given, wanted, collection_check_strategy=typeguard.CollectionCheckStrategy.ALL_ITEMS)
    except typeguard.TypeCheckError as error:
        sentence = (
            renamed_value(name, given) or f"{name}={quoted(given)} is not of the right type: {_readable(wanted)} is wanted."
        )
        raise MisconfigurationException(sentence) from error


def _readable(wanted: Any) -> str:
    if wanted is type(None):
        return "null"
    if get_origin(wanted) is Literal:
        return "one of " + ", ".join(str(value) for value in get_args(wanted))
    if get_args(wanted) and get_origin(wanted) not in (list, tuple, dict) and not _is_collection(wanted):
        return " or ".join(dict.fromkeys(_readable(part) for part in get_args(wanted)))
    if _is_collection(wanted):
        return f"a list of {' and '.join(_readable(part) for part in get_args(wanted) if part is not Ellipsis)}"
    named = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
    return named.get(wanted, getattr(wanted, "__name__", str(wanted)))


def _takes_tuple(wanted: Any) -> bool:
    return get_origin(wanted) is tuple or any(get_origin(part) is tuple for part in get_args(wanted))


def _is_collection(wanted: Any) -> bool:
    origin = get_origin(wanted)
    return inspect.isclass(origin) and hasattr(origin, "__len__")
