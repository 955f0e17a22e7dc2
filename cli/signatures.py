"""What a configured class or function accepts: names, types, and whether a value is required.

The signature is the only schema of a configuration; there is no second one to keep in step with it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, NamedTuple


class Option(NamedTuple):
    """One parameter: its resolved type (``Any`` where unknown), and whether it has no default."""

    type: Any
    required: bool


def options_of(target: Callable[..., Any]) -> dict[str, Option]:
    """Parameters of a callable by name; those of its base classes too where it passes ``**options`` on.

    Args:
        target: A class or a function.
    """
    found: dict[str, Option] = {}
    for owner in target.__mro__ if inspect.isclass(target) else [target]:
        function = owner.__dict__.get("__init__") if inspect.isclass(owner) else owner
        if function is None:
            continue
        namespace = vars(sys.modules[owner.__module__])
        signature = inspect.signature(function)
        for name, parameter in signature.parameters.items():
            if name != "self" and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                option = Option(_resolve(parameter.annotation, namespace), parameter.default is parameter.empty)
                found.setdefault(name, option)
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
