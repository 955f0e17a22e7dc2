"""A configuration as others may see it: on a page that is mailed, in a tracking server's list of settings."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf

_SECRET = "${oc.env:"  # an address of a server with its password, a token


def shown_config(cfg: DictConfig) -> dict[str, Any]:
    """Resolve a configuration, but for what the environment holds.

    Args:
        cfg: The composed configuration.

    Example:
        >>> from omegaconf import OmegaConf
        >>> from practicum.cli.shown_config import shown_config
        >>> shown_config(OmegaConf.create({"seed": 1, "data": {"seed": "${seed}"}, "uri": "${oc.env:TRACKING_URI,none}"}))
        {'seed': 1, 'data': {'seed': 1}, 'uri': '${oc.env:TRACKING_URI,none}'}
    """
    found: Any = _but_secrets(OmegaConf.to_container(cfg), OmegaConf.to_container(cfg, resolve=True))
    return found


def _but_secrets(typed: Any, resolved: Any) -> Any:
    if isinstance(typed, dict) and isinstance(resolved, dict):
        return {key: _but_secrets(each, resolved[key]) for key, each in typed.items()}
    if isinstance(typed, list) and isinstance(resolved, list):
        return [_but_secrets(*pair) for pair in zip(typed, resolved, strict=True)]
    return typed if isinstance(typed, str) and _SECRET in typed else resolved
