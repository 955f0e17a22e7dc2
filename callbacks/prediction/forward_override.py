"""Predictions that a callback shapes: put in the place of a module's ``forward``, as logits like its own.

So losses, metrics, pictures and tables of the module's own ``test_step`` and ``predict_step`` follow by themselves. Callbacks may
do so on top of one another, and give ``forward`` back in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from practicum.lightning_shim import MisconfigurationException
from torch import Tensor, nn


class Forward:
    """A function in the place of a module's ``forward`` (or another method), until :meth:`give_back`.

    Args:
        module: Whose ``forward``.
        function: Called with what is beneath (the module's own ``forward``, or another such function), then with the inputs.
        name: Of the method.
    """

    def __init__(self, module: nn.Module, function: Callable[..., Any], name: str = "forward") -> None:
        self._module, self._function, self._name = module, function, name
        self._beneath = module.__dict__.get(name)
        self._called = False
        module.__dict__[name] = self

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """What the function makes of the inputs."""
        self._called = True
        own = getattr(type(self._module), self._name).__get__(self._module)
        return self._function(self._beneath or own, *inputs, **options)

    def check_called(self, asks: str, step: str) -> None:
        """See to it that the function had a say since the last check; one beneath another is left to that.

        Args:
            asks: Who wants to know, for the message.
            step: What should have called, for the message.

        Raises:
            MisconfigurationException: It was not called.
        """
        if self._module.__dict__.get(self._name) is self and not self._called:
            raise MisconfigurationException(
                f"{asks} needs {type(self._module).__name__}.{step} to call self(x), and a forward that returns logits: it "
                "speaks through forward."
            )
        self._called = False

    def give_back(self) -> None:
        """Take the function out, also from beneath others."""
        above, top = None, self._module.__dict__.get(self._name)
        while isinstance(top, Forward) and top is not self:
            above, top = top, top._beneath
        if top is not self:
            return
        if above is not None:
            above._beneath = self._beneath
        elif self._beneath is not None:
            self._module.__dict__[self._name] = self._beneath
        else:
            del self._module.__dict__[self._name]


def logits_in(output: Any, key: str | None, asks: str, module: nn.Module) -> Tensor:
    """The logits in what a ``forward`` returned.

    Args:
        output: A tensor, or a dictionary that holds one.
        key: Which of the dictionary's.
        asks: Who wants to know, for the message.
        module: Whose ``forward``, for the message.

    Raises:
        MisconfigurationException: There are none, or it is not said which.
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
            f"{asks}: {name}.forward returns a dictionary with {', '.join(map(repr, output))}; say which of them holds the "
            'logits, e.g. output="logits".'
        )
    return output[key]


def in_place_of_logits(output: Any, key: str | None, logits: Tensor) -> Any:
    """What a ``forward`` returned, with other logits."""
    return logits if key is None else {**output, key: logits}


def probabilities_of(logits: Tensor, multi_label: bool) -> Tensor:
    """Softmax over the last dimension, or for multi-label the sigmoid of each, in 32 bit at least."""
    logits = logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits
    return logits.sigmoid() if multi_label else logits.softmax(-1)


def logits_of(probabilities: Tensor, multi_label: bool) -> Tensor:
    """Logits with these probabilities: their logarithms, or for multi-label those of their odds."""
    tiny = torch.finfo(probabilities.dtype).tiny
    if multi_label:
        return probabilities.clamp(min=tiny).log() - (1 - probabilities).clamp(min=tiny).log()
    return probabilities.clamp(min=tiny).log()


def is_multi_label(module: nn.Module, said: bool | None) -> bool:
    """What was said, else the module's attribute ``multi_label``, else softmax."""
    return bool(getattr(module, "multi_label", False)) if said is None else said
