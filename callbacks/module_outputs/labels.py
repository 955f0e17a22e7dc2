"""Targets and predictions in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor


def label_of(target: Tensor, classes: Sequence[str] | None, separator: str = " ") -> str:
    """Return a target's class name, for multi-label the names of every class that it holds, for regression the number.

    Args:
        target: A scalar, or a 0/1 vector ``[classes]``.
        classes: Their names, if there are any.
        separator: Between several names.
    """
    if target.ndim == 0 and classes:
        return classes[int(target)]
    if target.ndim == 0:
        value = target.detach().cpu()
        value = value.float() if value.dtype in (torch.float16, torch.bfloat16) else value
        number: Any = value.numpy()[()]  # of its own precision: 0.1, not 0.100000001
        return np.format_float_positional(number, trim="-") if value.is_floating_point() else str(int(number))
    held = [i for i, value in enumerate(target.tolist()) if value]
    return separator.join(classes[i] if classes else str(i) for i in held) or "none"


def threshold_of(module: Any) -> float:
    """The probability above which a multi-label module predicts a class: its ``threshold``, else .5.

    Args:
        module: A module; that of :class:`.MultiLabel` is chosen in validation.
    """
    found = getattr(module, "threshold", None)
    value = float(found) if isinstance(found, float) or (isinstance(found, Tensor) and found.numel() == 1) else 0.5
    return value if 0 < value < 1 else 0.5


def label_differences(logits: Tensor, target: Tensor, classes: Sequence[str] | None, threshold: float = 0.5) -> list[str]:
    """Say in what the predicted classes of a multi-label row differ from the true ones.

    Args:
        logits: Of one row ``[classes]``.
        target: A 0/1 vector ``[classes]``.
        classes: Their names. Default: numbers.
        threshold: Classes of a higher probability are predicted.

    Returns:
        A line of those missed and one of those added, where there are any; else one that says so.

    Example:
        >>> import torch
        >>> from practicum.callbacks.module_outputs.labels import label_differences
        >>> label_differences(torch.tensor([2.0, -1.0, -3.0]), torch.tensor([1, 1, 0]), ["road", "water", "haze"])
        ['missed: water']
    """
    predicted, true = (logits.float().sigmoid() > threshold).tolist(), (target > 0).tolist()
    names = classes or [str(number) for number in range(len(true))]
    each = list(zip(names, predicted, true, strict=True))
    found = {
        "missed": [name for name, said, held in each if held and not said],
        "added": [name for name, said, held in each if said and not held],
    }
    return [f"{what}: {', '.join(held)}" for what, held in found.items() if held] or ["all classes right"]


def predicted_label(logits: Tensor, multi_label: bool, classes: Sequence[str] | None, threshold: float = 0.5) -> str:
    """Return the predicted class with its probability, ``bee (0.62)``, or for multi-label every class above the threshold.

    Args:
        logits: Of one row ``[classes]``.
        multi_label: Whether a row may hold several classes.
        classes: Their names. Default: numbers.
        threshold: Of a probability, for multi-label.
    """
    if multi_label:
        return label_of(logits.float().sigmoid() > threshold, classes)
    probability, index = logits.float().softmax(0).max(0)
    return f"{label_of(index, classes)} ({float(probability):.2f})"
