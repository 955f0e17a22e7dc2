"""Predictions that a callback shapes: put in the place of a module's ``forward``, as logits like its own.

So losses, metrics, pictures and tables of the module's own ``test_step`` and ``predict_step`` follow by themselves. Callbacks may
do so on top of one another, and give ``forward`` back in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from practicum.lightning_shim import MisconfigurationException
from torch import nn


class ForwardOverride:
    """A function in the place of a module's ``forward`` (or another method), until :meth:`remove`.

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

    def remove(self) -> None:
        """Take the function out, also from beneath others."""
        above, top = None, self._module.__dict__.get(self._name)
        while isinstance(top, ForwardOverride) and top is not self:
            above, top = top, top._beneath
        if top is not self:
            return
        if above is not None:
            above._beneath = self._beneath
        elif self._beneath is not None:
            self._module.__dict__[self._name] = self._beneath
        else:
            del self._module.__dict__[self._name]
