"""Weights of classes in a loss, given or inverse to their frequency."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor


def class_weight_tensor(
    owner: str, weights: str | Sequence[float] | None, counts: Sequence[int] | None, classes: Sequence[str]
) -> Tensor | None:
    """Weight of each class ``[classes]``, or ``None``.

    Args:
        owner: Name of the class that has ``class_weights`` as an option, for messages.
        weights: ``None``, ``"balanced"`` (inversely proportional to the count) or a number for each class.
        counts: Number of training examples of each class; needed for ``"balanced"``.
        classes: Names of the classes.

    Raises:
        MisconfigurationException: Another word, ``"balanced"`` without counts, or not one number per class.
    """
    if weights is None:
        return None
    if isinstance(weights, str):
        if weights != "balanced" or not counts:
            raise MisconfigurationException(
                f"{owner}: class_weights={weights}: choose null, balanced (which needs class_counts) or a number for each class."
            )
        count = torch.tensor(counts, dtype=torch.float32)
        return count.sum() / (len(count) * count.clamp(min=1))
    if len(weights) != len(classes):
        raise MisconfigurationException(
            f"{owner}: class_weights has {len(weights)} numbers for {len(classes)} classes ({', '.join(classes[:5])} ...); "
            "give one for each."
        )
    return torch.tensor(list(weights), dtype=torch.float32)
