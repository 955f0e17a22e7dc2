"""Options that were renamed, so that an old name ends in one sentence that tells the new one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

# Old key: new key, or the new keys of several classes.
OPTIONS: dict[str, tuple[str, ...]] = {
    "augment.mirror": ("augment.hflip",),
    "augment.on": ("augment.device",),
    "callbacks.bptt.usual_length": ("callbacks.window_lr.usual_length",),
    "callbacks.calibration.keep": ("callbacks.calibration.temperature_file",),
    "callbacks.embedding_maps.named": ("callbacks.embedding_maps.max_labels",),
    "callbacks.embedding_maps.places": ("callbacks.embedding_maps.coordinates",),
    "callbacks.error_by.shown": ("callbacks.error_by.max_groups",),
    "callbacks.importance.shown": ("callbacks.importance.max_columns",),
    "callbacks.item_biases.least": ("callbacks.item_biases.min_count",),
    "callbacks.item_biases.named": ("callbacks.item_biases.max_labels",),
    "callbacks.lr_find.alone": ("callbacks.lr_find.stop_after_test",),
    "callbacks.most_wrong.most": ("callbacks.most_wrong.max_columns",),
    "callbacks.nearest_words.among": ("callbacks.nearest_words.max_vocab",),
    "callbacks.per_class.most": ("callbacks.per_class.max_classes",),
    "callbacks.sampled_ranking.drawn": ("callbacks.sampled_ranking.negatives",),
    "callbacks.tta.how": ("callbacks.tta.reduction",),
    "callbacks.unfreeze.lr_span": ("callbacks.unfreeze.lr_ratio",),
    "data.drawn": ("data.synthetic_dir",),
    "data.keep": ("data.artifacts_dir",),
    "data.liked_from": ("data.positive_threshold",),
    "data.net": ("data.download_dir",),
    "data.power": ("data.negative_power",),
    "data.report": ("data.report_dir",),
    "data.twice": ("data.duplicates",),
    "data.use": ("data.features",),
    "data.use_side": ("data.side_features",),
    "data.vary": ("data.variable_length",),
    "data.within": ("data.inner_split",),
    "model.embedding_size": ("model.embedding_dim",),
    "model.layers": ("model.num_layers", "model.hidden_sizes"),
    "model.longest": ("model.max_n",),
    "model.max_width": ("model.max_embedding_dim",),
    "model.penalty": ("model.l2",),
    "model.reach": ("model.window",),
    "model.shared": ("model.shared_negatives",),
    "model.shortest": ("model.min_n",),
    "model.time_penalty": ("model.time_l2",),
    "model.unknown": ("model.unknown_dropout",),
    "model.width": ("model.embedding_dim",),
    "model.widths": ("model.embedding_dims",),
}

# Old value of a key: new one.
VALUES: dict[tuple[str, str], str] = {
    ("data.date_parts", "True"): "all",
    ("data.level", "blanks"): "whitespace",
    ("data.source", "drawn"): "synthetic",
}


def renamed_option(key: str, valid: Collection[str] = (), listed: Collection[str] | None = None) -> str | None:
    """A sentence that tells the new name of an option; ``None`` for an option that was not renamed.

    Args:
        key: The full key, such as ``data.keep``.
        valid: Keys that exist where it was given: of several new names only those among them are told.
        listed: Those of ``valid`` that the configuration lists; the command line needs a plus for the others. ``None``: all.
    """
    new = OPTIONS.get(key)
    if new is None:
        return None
    told = [each for each in new if each in valid] or list(new)
    added = [each for each in told if listed is not None and each in valid and each not in listed]
    how = f"; give it as {' or '.join(f'+{each}=...' for each in added)}" if added else "."
    return f"{key} was renamed to {' or '.join(told)}{how}"


def renamed_value(key: str, value: Any) -> str | None:
    """A sentence that tells the new name of an option's value; ``None`` for a value that was not renamed.

    Args:
        key: The full key of today, such as ``data.source``.
        value: The value given.
    """
    new = VALUES.get((key, str(value)))
    return None if new is None else f"{key}={value} was renamed to {key}={new}."
