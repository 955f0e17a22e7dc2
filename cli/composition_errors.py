"""Explain in one sentence why a command line can't be composed: what it should have been."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, NamedTuple

from hydra.core.global_hydra import GlobalHydra
from hydra.errors import OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from .renamed import OPTIONS, renamed_option
from .resume import override_key


def explain_composition(error: BaseException, config_name: str) -> str | None:
    """Explain an error of Hydra or OmegaConf.

    Args:
        error: What was raised.
        config_name: The primary configuration.

    Returns:
        The sentence; ``None`` for anything that is not a user's mistake.
    """
    text = str(error)
    if isinstance(error, OverrideParseException):
        return _unparsed(error)
    if match := re.search(r"(?:Ambiguous value for argument|Sweep parameters) '(.+?)'(?:$|\s)", text):
        return f"{match[1]}: several values are a sweep, with -m before them; one value that is a list is written KEY=[A,B]."
    if match := re.search(r"Could not find 'hydra/launcher/(submitit_local|submitit_slurm|ray)'", text):
        plugin = f"hydra-{match[1].partition('_')[0]}-launcher"
        return f'launcher={match[1]} needs {plugin}, a plug-in of Hydra: pip install "practicum[cluster]", or {plugin} alone.'
    if match := re.search(r"Could not find '([^']+)'\s+Available options in '([^']+)':\s+(.*)", text, re.S):
        group, choice = match[2], match[1].rpartition("/")[2]
        options = re.split(r"\s+", match[3].strip().partition("Config search")[0].strip())
        return f"{group}={choice}: there is no such choice; {_nearest(choice, options, f'{group}=')}"
    if match := re.search(r"Could not load '([^']+)/([^'/]+)'", text):  # an element of callbacks=[...]
        return f"{match[1]}=[{match[2]}]: there is no such choice; {_nearest(match[2], _choices(match[1]))}"
    if match := re.search(r"Could not (override|append|add|delete)[^']*'([^']+)'", text):
        key = match[2].split("@")[0].removesuffix(".")
        if match[1] == "append":
            return _there_already(key)
        if config_name == "train" and (sentence := _renamed(key, config_name)) is not None:
            return sentence
        owner = _owner(key, config_name) if match[1] == "override" else None
        if owner is not None and key.rpartition(".")[2] in owner.options:
            return f"{key}: {owner.name} has this option, but the configuration does not list it: write +{key}=... to add it."
        valid, group = all_keys(config_name), key.rpartition(".")[0]
        if owner is not None:  # of what was chosen, which may not be the default
            valid = [*(each for each in valid if not each.startswith(f"{group}.")), *(f"{group}.{each}" for each in owner.listed)]
        if owner is None and not group and (full := _full_key(key, config_name)) is not None:
            return f"{key}: there is no such option; did you mean {full}?"
        return f"{key}: there is no such option; {_nearest(key, valid)}"
    if match := re.search(r"Multiple values for ([^\s]+)\.", text):
        return _there_already(match[1].split("@")[0])
    if isinstance(error, MissingMandatoryValue):
        missing = re.search(r"full_key: (\S+)|: (\S+)", text)
        name = (missing[1] or missing[2]) if missing else "a value"
        return f"{name} is missing: give it as {name}=..."
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return f"{first} (see --help)." if isinstance(error, OmegaConfBaseException) or "onfig" in text else None


def _there_already(key: str) -> str:
    """The sentence for a plus before an option that the configuration has."""
    typed = [each for each in sys.argv[1:] if override_key(each) == key]
    if len(typed) > 1 and all(each.startswith("+") for each in typed):
        return f"{key}: is given twice; leave out all but one."
    value = next((each.partition("=")[2] for each in typed if each.startswith("+")), "...")
    return f"+{key}: the configuration has this option already; leave out the +: {key}={value}."


def _unparsed(error: OverrideParseException) -> str:
    key, equals, value = error.override.partition("=")
    if not equals or not value:
        return f"{error.override}: an override is KEY=VALUE (see --help)."
    if re.fullmatch(r"[\w.@/+~-]+", key) and not {"'", '"', "\\"} & set(value) and value[0] not in "[{":
        return (
            f"{error.override}: a value with other signs than A-Z, a-z, 0-9 and -_./:@ needs quotes, within those of the shell: "
            f"'{key}=\"{value}\"' (an override is KEY=VALUE)."
        )
    return f"{error.override}: can't be read (an override is KEY=VALUE; quote what has other signs in it: 'KEY=\"a b\"')."


def _renamed(key: str, config_name: str) -> str | None:
    """The sentence for an option that was renamed: its new name, with a plus where the configuration does not list it."""
    owners = {new: _owner(new, config_name, key) for new in OPTIONS.get(key, ())}
    valid = [new for new, owner in owners.items() if owner is not None and new.rpartition(".")[2] in owner.options]
    listed = [new for new, owner in owners.items() if owner is not None and new.rpartition(".")[2] in owner.listed]
    return renamed_option(key, valid, listed)


def _full_key(name: str, config_name: str) -> str | None:
    """The whole key of an option that was typed by its name alone, as messages of a class have it; ``None``: there is none."""
    owners = {group: _owner(f"{group}.{name}", config_name, name) for group in ("data", "model", "optimizer")}
    for group, owner in owners.items():  # first what can be typed without a plus
        if owner is not None and name in owner.listed:
            return f"{group}.{name}"
    return next((f"{group}.{name}" for group, owner in owners.items() if owner is not None and name in owner.options), None)


class _Owner(NamedTuple):
    """What a key is an option of: the name of its class, the options of that, and those that the configuration lists."""

    name: str
    options: frozenset[str]
    listed: frozenset[str]


def _owner(key: str, config_name: str, wrong: str | None = None) -> _Owner | None:
    """What a key is an option of; ``None``: nothing that has a class, or it can't be told.

    Args:
        key: The full key.
        config_name: The primary configuration.
        wrong: The key that was typed; default: ``key``.
    """
    from hydra import compose, initialize_config_module  # noqa: PLC0415 (only on the way to an error)
    from hydra.utils import get_object  # noqa: PLC0415

    from .signatures import options_of  # noqa: PLC0415

    typed = [each for each in sys.argv[1:] if "=" in each and not each.startswith("-")]
    typed = [each for each in typed if override_key(each) != (wrong or key)]
    choices = [each for each in typed if "." not in override_key(each)]
    for overrides in (typed, choices, []):
        try:
            GlobalHydra.instance().clear()
            with initialize_config_module("practicum.conf", version_base="1.3"):
                cfg = compose(config_name, [each for each in overrides if not each.lstrip("+~").startswith("hydra")])
            node = OmegaConf.select(cfg, key.rpartition(".")[0])
            if not isinstance(node, DictConfig) or "_target_" not in node:
                return None
            name, listed = node._target_.rpartition(".")[2], frozenset(map(str, node))
            return _Owner(name, frozenset(options_of(get_object(node._target_))), listed)
        except Exception:  # another mistake on the same line: without it, then
            continue
    return None


def _nearest(wrong: str, valid: Iterable[str], prefix: str = "") -> str:
    valid = sorted(key for key in set(valid) if not key.rpartition(".")[2].startswith("_"))  # _target_ is nobody's to type
    near = [key for key in valid if key.rpartition(".")[2] == wrong.rpartition(".")[2]]  # right but for where it belongs
    if len(near) != 1:
        group, _, name = wrong.rpartition(".")
        siblings = {last: key for key in valid for parent, _, last in [key.rpartition(".")] if parent == group}
        close = [siblings[last] for last in difflib.get_close_matches(name, siblings, n=1, cutoff=0.5)]
        # Of whole keys a group that is right makes any two alike.
        near = close or difflib.get_close_matches(wrong, valid, n=1, cutoff=0.75 if group else 0.5) or near[:1]
    if near:
        return f"did you mean {prefix}{near[0]}?"
    return f"there are {', '.join(key for key in valid if '.' not in key)} (see --help)."


def _choices(group: str) -> list[str]:
    """Names of a group's files."""
    folder = files("practicum.conf").joinpath(group)
    return [each.name.removesuffix(".yaml") for each in folder.iterdir()] if folder.is_dir() else []


def all_keys(config_name: str) -> list[str]:
    """Every key of the default configuration, and its groups, for suggestions."""
    from hydra import compose, initialize_config_module  # noqa: PLC0415 (only on the way to an error)

    GlobalHydra.instance().clear()
    with initialize_config_module("practicum.conf", version_base="1.3"):
        return _keys(OmegaConf.to_container(compose(config_name)))


def _keys(node: Any, path: str = "") -> list[str]:
    if not isinstance(node, dict):
        return []
    names = {f"{path}.{key}" if path else str(key): child for key, child in node.items()}
    return [name for key, child in names.items() for name in (key, *_keys(child, key))]
