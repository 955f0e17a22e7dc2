"""What the data tell the model: number of classes, vocabulary, categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from practicum.lightning_shim import MisconfigurationException

from .signatures import options_of


def facts_for(model_class: Callable[..., Any], facts: Mapping[str, Any], configured: Mapping[str, Any]) -> dict[str, Any]:
    """Select the facts that a model's signature names.

    Args:
        model_class: The module's class.
        facts: What ``describe()`` of the data module returned.
        configured: Options of the model that the configuration sets; they are not required of the data.

    Raises:
        MisconfigurationException: The model requires something that these data do not have, such as classes.
    """
    options = options_of(model_class)
    missing = [name for name, each in options.items() if each.required and name not in facts and name not in configured]
    if missing:
        name = getattr(model_class, "__name__", str(model_class))
        raise MisconfigurationException(
            f"{name} needs {', '.join(missing)}, which these data don't have (they have {', '.join(facts)}); choose another "
            "model=, or an experiment= for this kind of data."
        )
    return {name: value for name, value in facts.items() if name in options}
