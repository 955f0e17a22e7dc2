"""Logits in what a module's ``forward`` returns, and conversions between logits and probabilities."""

from __future__ import annotations

from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn


def extract_logits(output: Any, key: str | None, asks: str, module: nn.Module) -> Tensor:
    """Return the logits in what a ``forward`` returned.

    Args:
        output: A tensor, or a dictionary that holds one.
        key: The key in the dictionary.
        asks: Name of the callback, for the message.
        module: The module, for the message.

    Raises:
        MisconfigurationException: There are no logits, or the key is missing.
    """
    if key is None and isinstance(output, Tensor):
        return output
    name = type(module).__name__
    if not isinstance(output, dict):
        raise MisconfigurationException(
            f"{asks} needs {name}.forward to return logits [B, classes]"
            + (f" in a dictionary, at output={key!r}" if key else "")
            + f"; it returns a {type(output).__name__}."
        )
    if key is None or key not in output:
        raise MisconfigurationException(
            f"{asks}: {name}.forward returns a dictionary with {', '.join(map(repr, output))}; name the one that holds the "
            'logits, e.g. output="logits".'
        )
    return output[key]


def replace_logits(output: Any, key: str | None, logits: Tensor) -> Any:
    """Return what a ``forward`` returned, with other logits."""
    return logits if key is None else {**output, key: logits}


def to_probabilities(logits: Tensor, multi_label: bool) -> Tensor:
    """Return the softmax over the last dimension, or for multi-label the sigmoid of each logit, in float32 at least."""
    logits = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
    return logits.sigmoid() if multi_label else logits.softmax(-1)


def to_logits(probabilities: Tensor, multi_label: bool) -> Tensor:
    """Return logits that have these probabilities: their logarithms, or for multi-label their log-odds."""
    tiny = torch.finfo(probabilities.dtype).tiny
    if multi_label:
        return probabilities.clamp(min=tiny).log() - (1 - probabilities).clamp(min=tiny).log()
    return probabilities.clamp(min=tiny).log()


def is_multi_label(module: nn.Module, option: bool | None) -> bool:
    """Return the option if it is set, else the module's attribute ``multi_label``, else ``False``."""
    return bool(getattr(module, "multi_label", False)) if option is None else option
