"""Targets and predictions in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor


def label_of(target: Tensor, classes: Sequence[str] | None) -> str:
    """Return a target's class name, for multi-label the names of every class that it holds, for regression the number.

    Args:
        target: A scalar, or a 0/1 vector ``[classes]``.
        classes: Their names, if there are any.
    """
    if target.ndim == 0 and classes:
        return classes[int(target)]
    if target.ndim == 0:
        value = target.detach().cpu()
        value = value.float() if value.dtype in (torch.float16, torch.bfloat16) else value
        number: Any = value.numpy()[()]  # of its own precision: 0.1, not 0.100000001
        return np.format_float_positional(number, trim="-") if value.is_floating_point() else str(int(number))
    held = [i for i, value in enumerate(target.tolist()) if value]
    return " ".join(classes[i] if classes else str(i) for i in held) or "none"


def predicted_label(logits: Tensor, multi_label: bool, classes: Sequence[str] | None) -> str:
    """Return the predicted class with its probability, ``bee (0.62)``, or for multi-label every class with a logit above 0.

    Args:
        logits: Of one row ``[classes]``.
        multi_label: Whether a row may hold several classes.
        classes: Their names. Default: numbers.
    """
    if multi_label:
        return label_of(logits > 0, classes)
    probability, index = logits.float().softmax(0).max(0)
    return f"{label_of(index, classes)} ({float(probability):.2f})"
