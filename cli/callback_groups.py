"""Tell which callbacks fit the data, where those for photos were chosen for others."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig
from practicum.lightning_shim import MisconfigurationException

_WINGS = {"tabular": "table", "text": "text", "ratings": "ratings"}  # folder of a data module -> group of callbacks
_TASKS = {"language_model": "language_model", "skip_gram": "word_vectors"}


def check_callback_group(callbacks: DictConfig | None, data: DictConfig, data_class: Any) -> None:
    """Refuse callbacks that need photos for data that are none.

    Args:
        callbacks: The configured callbacks.
        data: The configured data.
        data_class: Its class. Data modules of other packages may be anything.

    Raises:
        MisconfigurationException: ``precompute`` is among the callbacks, and the data are tables, texts or ratings; or a table of
            predictions, and the data are clicks.
    """
    chosen = {} if callbacks is None else callbacks
    modules = [each.__module__.split(".") for each in getattr(data_class, "__mro__", ())]
    wing = next((each[2] for each in modules if each[:2] == ["practicum", "datamodules"] and each[2] in _WINGS), None)
    clicks = wing == "ratings" and (data.get("rating") is None or data.get("positive_threshold") is not None)
    if clicks and chosen.get("predictions") and not chosen.get("precompute"):
        raise MisconfigurationException(
            "these data are clicks, whose test ranks items and predicts no ratings: choose experiment=clicks, or "
            "callbacks=[clicks]."
        )
    if not chosen.get("precompute") or wing is None:
        return
    group = "clicks" if clicks else _TASKS.get(data.get("task", ""), _WINGS[wing])
    raise MisconfigurationException(
        f"callbacks.precompute is for photos, as all of callbacks=[default] are; for {data_class.__name__}: callbacks=[{group}]."
    )
