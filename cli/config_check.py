"""Checks a composed configuration against what it configures, before any data is touched.

Every node with a ``_target_`` is compared with the signature of that class or function: keys it doesn't take, values of
another type, values that are still missing. The signature is the only schema: there is none to keep in step with it.
"""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

import typeguard
from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf
from practicum.lightning_shim import MisconfigurationException


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
    callbacks = {f"callbacks.{key}": each for key, each in (cfg.get("callbacks") or {}).items()}
    practices = {"schedule": cfg.get("schedule"), **callbacks}
    for path, node in practices.items():
        if node and "_target_" not in node:
            option = next(iter(node))
            raise MisconfigurationException(
                f"{path}.{option}: no {path} is chosen that it could belong to; choose one, or leave it out (~{path}.{option})."
            )


def _check_node(node: Any, path: str) -> None:
    if isinstance(node, ListConfig):
        for index, item in enumerate(node):
            _check_node(item, f"{path}[{index}]")
    if not isinstance(node, DictConfig):
        return
    parameters = _parameters(get_object(node["_target_"])) if "_target_" in node else None
    for key in node:
        name = f"{path}.{key!s}"
        if OmegaConf.is_missing(node, key):
            raise MisconfigurationException(f"{name} is missing: give it as {name}=...")
        if parameters is not None and not str(key).startswith("_"):
            if key not in parameters:
                near = difflib.get_close_matches(str(key), parameters, n=1)
                raise MisconfigurationException(
                    f"{name}: {node['_target_'].rpartition('.')[2]} has no such option"
                    + (f"; did you mean {path}.{near[0]}?" if near else f"; it has {', '.join(sorted(parameters))}.")
                )
            _check_value(name, node[key], parameters[str(key)])
        _check_node(node[key], name)


def _parameters(target: Callable[..., Any]) -> dict[str, Any]:
    """Names and types of a callable's parameters; those of its parents too where it passes ``**options`` on."""
    found: dict[str, Any] = {}
    for owner in target.__mro__ if inspect.isclass(target) else [target]:
        function = owner.__dict__.get("__init__") if inspect.isclass(owner) else owner
        if function is None:
            continue
        namespace = vars(sys.modules[owner.__module__])
        signature = inspect.signature(function)
        for name, parameter in signature.parameters.items():
            if name != "self" and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                found.setdefault(name, _resolve(parameter.annotation, namespace))
        if not any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
            break
    return found


def _resolve(annotation: Any, namespace: dict[str, Any]) -> Any:
    if annotation is inspect.Parameter.empty:
        return Any
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, dict(namespace))
    except NameError:  # imported for type checkers only: nothing to compare with
        return Any


def _check_value(name: str, value: Any, wanted: Any) -> None:
    if isinstance(value, DictConfig) and "_target_" in value:
        return  # checked by itself; its type is that of what it makes
    plain = OmegaConf.to_container(value, resolve=True) if isinstance(value, DictConfig | ListConfig) else value
    try:
        typeguard.check_type(plain, wanted, collection_check_strategy=typeguard.CollectionCheckStrategy.ALL_ITEMS)
    except typeguard.TypeCheckError as error:
        raise MisconfigurationException(f"{name}={plain!r} is not of the right type: {_readable(wanted)} is wanted.") from error


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


def _is_collection(wanted: Any) -> bool:
    origin = get_origin(wanted)
    return inspect.isclass(origin) and hasattr(origin, "__len__")
