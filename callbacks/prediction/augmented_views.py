"""Augmented views of a batch of photos, where they come from, and how their probabilities are combined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor


def check_options(n: int, beta: float, reduction: str) -> None:
    """Check options of :class:`.TestTimeAugmentation`.

    Raises:
        MisconfigurationException: One is out of range.
    """
    if n < 1:
        raise MisconfigurationException(f"TestTimeAugmentation: n={n} must be at least 1; leave the callback out for none.")
    if not 0 <= beta <= 1:
        raise MisconfigurationException(
            f"TestTimeAugmentation: beta={beta} must be between 0 and 1 (weight of the unaugmented view)."
        )
    if reduction not in ("mean", "max"):
        raise MisconfigurationException(f"TestTimeAugmentation: reduction={reduction} must be mean or max.")


def require_augmentation(source: Any, augment: Callable[[Tensor], Tensor] | None) -> None:
    """Refuse a data module that augments nothing, before a training rather than after it.

    Args:
        source: The data module, or ``None``.
        augment: A function of a batch of one, or ``None``: the data module's views.

    Raises:
        MisconfigurationException: All views would be alike.
    """
    if augment is None and getattr(source, "augments", True) is False:
        raise MisconfigurationException(
            "TestTimeAugmentation: the data module augments nothing, so all views of a photo are alike; choose an "
            "augmentation, such as side_on."
        )


def require_views(source: Any, augment: Callable[[Tensor], Tensor] | None) -> None:
    """Refuse to begin where there is nothing to make views of; arguments as those of :func:`require_augmentation`.

    Raises:
        MisconfigurationException: There is neither ``augment`` nor a ``views_dataloader``.
    """
    if augment is None and not hasattr(source, "views_dataloader"):
        raise MisconfigurationException(
            "TestTimeAugmentation has no views: give it augment (a function of a batch, e.g. one of "
            "torchvision.transforms.v2), or use a data module with views_dataloader(split, n)."
        )


def combine(plain: Tensor, views: Tensor, beta: float = 0.25, reduction: Literal["mean", "max"] = "mean") -> Tensor:
    """Combine the probabilities of the unaugmented view and of augmented ones.

    Args:
        plain: ``[..., classes]``.
        views: ``[n, ..., classes]``.
        beta: Weight of the unaugmented view; without effect on the maximum.
        reduction: ``mean``, or ``max``: the highest probability of each class in any view.

    Returns:
        ``[..., classes]``; the maxima of single-label probabilities do not sum to 1.
    """
    return torch.maximum(plain, views.amax(0)) if reduction == "max" else beta * plain + (1 - beta) * views.mean(0)


def augment_rows(x: Tensor, augment: Callable[[Tensor], Tensor], seed: int, view: int, rows: Sequence[int]) -> Tensor:
    """Augment each photo of a batch by itself, with random numbers that depend on the seed, the view and its place in the data.

    Args:
        x: ``[B, ...]``.
        augment: A function of a batch of one.
        seed: Of the random numbers.
        view: From 0.
        rows: Place in the data of each photo.
    """
    views = []
    with torch.random.fork_rng(devices=[x.device] if x.is_cuda else []):
        for row, photo in zip(rows, x, strict=True):
            draw = np.random.SeedSequence([seed, view, row]).generate_state(1, np.uint64)[0]
            torch.default_generator.manual_seed(int(draw >> np.uint64(1)))
            if x.is_cuda:
                torch.cuda.default_generators[x.device.index].manual_seed(int(draw >> np.uint64(1)))
            views.append(augment(photo[None]))
    return torch.cat(views)
