"""Which baselines suit a run, by its data and its network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from practicum.callbacks import PrecomputedActivations
from practicum.datamodules import ImageFolder, Ratings, Table
from practicum.datamodules.text.text import Text
from practicum.modules import LanguageModel
from practicum.modules.base.recommender import Recommender
from practicum.modules.base.supervised import Supervised
from practicum.modules.objectives.ranking import Ranking

from .found import Baselines


def baselines_of(trainer: Any, model: Any, data: Any, build: Callable[[], Any], seed: int = 1) -> Baselines | None:
    """Measure the baselines of a run that is tested.

    Args:
        trainer: Has the callbacks.
        model: The network as tested.
        data: Its data module.
        build: Makes the network as it was before the training.
        seed: Of samples.

    Returns:
        The baselines; ``None`` where there are none for such data (word vectors, data or networks of your own).
    """
    if isinstance(data, Text):
        from .language_models import language_model_baselines  # noqa: PLC0415 - each imports what the others don't need
        from .texts import text_baselines  # noqa: PLC0415

        if isinstance(model, LanguageModel):
            return language_model_baselines(data, model.level)
        return text_baselines(data, model.objective, seed) if isinstance(model, Supervised) else None
    if not isinstance(model, Supervised):
        return None
    if isinstance(data, Ratings) and isinstance(model, Recommender):
        return _recommender(trainer, model, data, seed)
    if isinstance(data, Table):
        from .tables import table_baselines  # noqa: PLC0415

        refitted = "refit_epochs" in model.provenance
        return table_baselines(data, model.objective, ("train", "valid") if refitted else ("train",), seed)
    if isinstance(data, ImageFolder):
        from .photos import photo_baselines  # noqa: PLC0415

        stored: dict[str, Path] = next(
            (each.stored for each in trainer.callbacks if isinstance(each, PrecomputedActivations)), {}
        )
        device = trainer.strategy.root_device
        return photo_baselines(data, model.objective, build if model.pretrained else None, stored, device, seed=seed)
    return None


def _recommender(trainer: Any, model: Recommender, data: Any, seed: int) -> Baselines | None:
    from .popularity import popularity_baseline  # noqa: PLC0415
    from .ratings import lists_advice, rating_baselines  # noqa: PLC0415

    l2 = getattr(model, "l2", None)
    lists = popularity_baseline(data, model.item_count, trainer.callbacks, seed, l2)
    if isinstance(model.objective, Ranking):
        return lists
    found = rating_baselines(data, model.objective, seed, l2)
    if lists is None:
        return found
    advice = {**found.advice, **dict.fromkeys(lists.advice, lists_advice(data))}
    return dataclasses.replace(found, metrics={**found.metrics, **lists.metrics}, advice=advice)
