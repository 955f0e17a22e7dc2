"""Build a configured model for data: what they tell it (number of classes, vocabulary, categories), and its optimizer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from hydra.utils import get_object, instantiate
from omegaconf import DictConfig
from practicum.datamodules.files.say_once import say_once
from practicum.lightning_shim import LightningModule, MisconfigurationException

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


def model_builder(cfg: DictConfig, data: Any) -> Callable[[], LightningModule]:
    """What makes the model of a configuration for some data; each call makes a new one.

    Args:
        cfg: Has ``model`` and ``optimizer``, as the composed configuration has and its ``pretraining``.
        data: Set up; has ``describe()``.

    Raises:
        MisconfigurationException: The model requires something that these data do not have.

    Example:
        >>> from hydra import compose, initialize_config_module
        >>> from hydra.utils import instantiate
        >>> from practicum.cli.model_facts import model_builder
        >>> with initialize_config_module("practicum.conf", version_base="1.3"):
        ...     cfg = compose("train", ["experiment=tastes"])
        >>> class Data:
        ...     def describe(self):
        ...         return {"categories": {"user": ["ann", "bob"], "item": ["x", "y"]}}
        >>> model = model_builder(cfg, Data())()
        >>> model.item_count
        2
    """
    facts = facts_for(get_object(cfg.model._target_), data.describe(), {**cfg.model, "optimizer": cfg.optimizer})
    # A partial first: Hydra copies what it is given into a configuration, which takes minutes for a million ids.
    build = instantiate(cfg.model, optimizer=instantiate(cfg.optimizer, _convert_="all"), _convert_="all", _partial_=True)
    facts = {name: value for name, value in facts.items() if cfg.model.get(name) is None}  # what is configured stands
    for name, value in facts.items():
        if name in cfg.model and isinstance(value, int | float):
            say_once(f"model.{name}={value:g} suits these data; model.{name}=... sets another one.", logging.INFO)
    return lambda: build(**facts)
