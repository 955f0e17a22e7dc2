"""Predictions and targets in what ``test_step`` returns, for figures and tables of a test."""

from __future__ import annotations

from typing import Any

from practicum.lightning_shim import MisconfigurationException
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy


def classification_outputs(outputs: Any, callback: str) -> tuple[Tensor, Tensor]:
    """Return the logits and targets of one step.

    Args:
        outputs: What ``test_step`` returned.
        callback: Name of the callback, for the message.

    Returns:
        ``outputs["logits"]`` and ``outputs["target"]``.

    Raises:
        MisconfigurationException: ``test_step`` returns something else.
    """
    if not isinstance(outputs, dict) or not {"logits", "target"} <= outputs.keys():
        raise MisconfigurationException(
            f'{callback} needs test_step to return a dictionary with "logits" [B, classes] and "target".'
        )
    return outputs["logits"], outputs["target"]


def class_outputs(outputs: Any, callback: str) -> tuple[Tensor, Tensor] | None:
    """Return :func:`classification_outputs`, or ``None`` if the task is regression."""
    return None if regression_outputs(outputs) is not None else classification_outputs(outputs, callback)


def regression_outputs(outputs: Any) -> tuple[Tensor, Tensor] | None:
    """Return the predicted numbers and targets of one step ``[B]``; ``None`` if there are none.

    Args:
        outputs: What ``test_step`` returned; ``prediction`` is ``[B]``, ``[B, 1]`` or quantiles ``[B, Q]``, ``target`` ``[B]`` or
            ``[B, 1]``. Of quantiles ``point_prediction`` ``[B]`` is taken, or the middle one where there is none.

    Raises:
        MisconfigurationException: There are several targets for each row.
    """
    if not isinstance(outputs, dict) or not {"prediction", "target"} <= outputs.keys() or "logits" in outputs:
        return None  # with logits the prediction is a class
    target = outputs["target"]
    prediction = outputs["point_prediction" if "point_prediction" in outputs else "prediction"]
    if target.ndim > 1:
        if target.shape[1:].numel() != 1:
            raise MisconfigurationException(
                f'test_step returns a "target" {list(target.shape)}; one number for each row, [B] or [B, 1], is wanted.'
            )
        target = target.reshape(-1)
    return (prediction if prediction.ndim == 1 else prediction[:, prediction.shape[1] // 2]), target


def losses_by_row(logits: Tensor, target: Tensor) -> Tensor:
    """Return the cross-entropy of each row ``[B]``; for multi-label the mean binary cross-entropy over its classes."""
    if target.ndim == 1:
        return cross_entropy(logits.float(), target, reduction="none")
    return binary_cross_entropy_with_logits(logits.float(), target.float(), reduction="none").mean(1)
