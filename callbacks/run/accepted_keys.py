"""Names of metrics and settings in a form that a logger takes: MLflow refuses a whole batch for one ``State/HB,NI``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_REFUSED = re.compile(r"[^\w.\- /]")  # by MLflow: letters, digits, underscores, points, dashes, blanks and slashes remain
_LONGEST = 250


def flat(settings: Mapping[Any, Any], above: str = "") -> dict[str, Any]:
    """Flatten nested settings: ``{"a": {"b": 1}}`` to ``{"a/b": 1}``.

    Args:
        settings: Of any depth; lists stay values.
        above: Name of the whole.
    """
    found: dict[str, Any] = {}
    for key, value in settings.items():
        name = f"{above}/{key}" if above else str(key)
        found |= flat(value, name) if isinstance(value, Mapping) and value else {name: value}
    return found


def accepted_keys(keys: Iterable[str]) -> dict[str, str]:
    """Return for each name one that MLflow takes: itself, where it does; no two are equal.

    Args:
        keys: Names of metrics or settings.

    Example:
        >>> from practicum.callbacks.run.accepted_keys import accepted_keys
        >>> accepted_keys(["val/loss", "recall@10", "State/HB,NI", "State/HB_NI"])
        {'val/loss': 'val/loss', 'recall@10': 'recall_10', 'State/HB,NI': 'State/HB_NI_2', 'State/HB_NI': 'State/HB_NI'}
    """
    keys = list(keys)
    accepted = {key: _accepted(key) for key in keys}
    taken = {key for key in keys if accepted[key] == key}
    for key, name in accepted.items():
        if name == key:
            continue
        number, free = 1, name
        while free in taken:
            number += 1
            free = f"{name[: _LONGEST - 6]}_{number}"
        accepted[key] = free
        taken.add(free)
    return {key: accepted[key] for key in keys}


def _accepted(key: str) -> str:
    # MLflow keeps them as paths of files: no part may be empty, or lead elsewhere.
    parts = [_REFUSED.sub("_", part) for part in key.split("/")]
    name = "/".join("_" if part in ("", ".", "..") else part for part in parts)
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST // 2]}...{name[3 + _LONGEST // 2 - _LONGEST :]}"
