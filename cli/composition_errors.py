"""Explain in one sentence why a command line can't be composed: what it should have been."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Iterable
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from hydra.errors import OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from .renamed import renamed_option
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
    if match := re.search(r"Could not find '([^']+)'\s+Available options in '([^']+)':\s+(.*)", text, re.S):
        group, choice = match[2], match[1].rpartition("/")[2]
        options = re.split(r"\s+", match[3].strip().partition("Config search")[0].strip())
        return f"{group}={choice}: there is no such choice; {_nearest(choice, options, f'{group}=')}"
    if match := re.search(r"Could not (override|append|add|delete)[^']*'([^']+)'", text):
        key = match[2].split("@")[0].removesuffix(".")
        if (sentence := renamed_option(key)) is not None:
            return sentence
        if match[1] == "override" and (owner := _accepts(key, config_name)) is not None:
            return f"{key}: {owner} has this option, but the configuration does not list it: write +{key}=... to add it."
        return f"{key}: there is no such option; {_nearest(key, _all_keys(config_name))}"
    if isinstance(error, MissingMandatoryValue):
        missing = re.search(r"full_key: (\S+)|: (\S+)", text)
        name = (missing[1] or missing[2]) if missing else "a value"
        return f"{name} is missing: give it as {name}=..."
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return f"{first} (see --help)." if isinstance(error, OmegaConfBaseException) or "onfig" in text else None


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


def _accepts(key: str, config_name: str) -> str | None:
    """The class that has an option which its configuration does not list; ``None``: none, or it can't be told."""
    from hydra import compose, initialize_config_module  # noqa: PLC0415 (only on the way to an error)
    from hydra.utils import get_object  # noqa: PLC0415

    from .signatures import options_of  # noqa: PLC0415

    parent, _, option = key.rpartition(".")
    typed = [each for each in sys.argv[1:] if "=" in each and not each.startswith("-") and override_key(each) != key]
    choices = [each for each in typed if "." not in override_key(each)]
    for overrides in (typed, choices, []):
        try:
            GlobalHydra.instance().clear()
            with initialize_config_module("practicum.conf", version_base="1.3"):
                cfg = compose(config_name, [each for each in overrides if not each.lstrip("+~").startswith("hydra")])
            node = OmegaConf.select(cfg, parent)
            if not isinstance(node, DictConfig) or "_target_" not in node:
                return None
            return node._target_.rpartition(".")[2] if option in options_of(get_object(node._target_)) else None
        except Exception:  # another mistake on the same line: without it, then
            continue
    return None


def _nearest(wrong: str, valid: Iterable[str], prefix: str = "") -> str:
    valid = sorted(set(valid))
    near = [key for key in valid if key.rpartition(".")[2] == wrong.rpartition(".")[2]]  # right but for where it belongs
    if len(near) != 1:
        near = difflib.get_close_matches(wrong, valid, n=1, cutoff=0.5) or near[:1]
    if near:
        return f"did you mean {prefix}{near[0]}?"
    return f"there are {', '.join(key for key in valid if '.' not in key)} (see --help)."


def _all_keys(config_name: str) -> list[str]:
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
