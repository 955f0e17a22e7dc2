"""Check an exported model against the checkpoint on real inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException

from .deployable import Call
from .formats import Runner

_ONE = 1.001  # probabilities are below
_ALLOWED = 1e-4  # of a probability, or of the span of predicted values; what is more is no rounding of float32
_DIGITS = 8 * torch.finfo(torch.float32).eps  # of the largest value: prices around a million have no third decimal


def check_export(run: Runner, calls: Sequence[Call]) -> dict[str, Any]:
    """Largest differences between what an exported model and the checkpoint predict.

    Args:
        run: The exported model.
        calls: Real inputs.

    Returns:
        ``inputs`` (their number), ``largest_difference`` of predictions and ``largest_prediction``;
        ``largest_difference_resized`` of photos that the graph resizes itself.

    Raises:
        MisconfigurationException: They differ by more than rounding.
    """
    differences: dict[bool, float] = {}
    count, largest, values = 0, 0.0, []
    for call in calls:
        found = run(call.inputs)
        difference = float((found - call.wanted).abs().nan_to_num(math.inf).max())
        differences[call.exact] = max(differences.get(call.exact, 0.0), difference)
        largest = max(largest, float(call.wanted.abs().max()))
        if call.exact:
            count += len(call.wanted)
            values.append(call.wanted.flatten())
    exact = differences.get(True, 0.0)
    probabilities = largest <= _ONE and all(call.wanted.ndim > 1 for call in calls)  # quantiles of values have two, too
    span = 1.0 if probabilities or not values else float(torch.cat(values).max() - torch.cat(values).min())
    if not exact <= _ALLOWED * span + _DIGITS * largest:
        raise MisconfigurationException(
            f"The exported model differs from the checkpoint by up to {exact:.2g} on {count} real inputs: it is not written. "
            "This is a fault of the export, please report it."
        )
    resized = {} if False not in differences else {"largest_difference_resized": differences[False]}
    return {"inputs": count, "largest_difference": exact, "largest_prediction": largest, **resized}


def sentence(checked: dict[str, Any]) -> str:
    """What was found, for people.

    Args:
        checked: What :func:`check_export` returned.
    """
    scale = checked["largest_prediction"]
    text = (
        f"Checked on {checked['inputs']} real inputs: the largest difference from the checkpoint is "
        f"{checked['largest_difference']:.1e}" + (f" (of predictions up to {scale:.3g})" if scale > _ONE else "")
    )
    if "largest_difference_resized" in checked:
        text += f"; {checked['largest_difference_resized']:.1e} where the graph resizes the photo itself"
    return f"{text}."


def no_grad_runner(run: Runner) -> Runner:
    """A runner without gradients.

    Args:
        run: A runner.
    """
    return torch.no_grad()(run)
