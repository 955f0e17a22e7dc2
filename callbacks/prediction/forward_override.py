"""A function in place of a module's ``forward``.

The module's own ``test_step`` and ``predict_step`` then work on what the function returns, and losses, metrics, figures and
tables follow. Overrides can be stacked, and removed in any order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from practicum.lightning_shim import MisconfigurationException
from torch import nn


class ForwardOverride:
    """Replaces a module's ``forward`` (or another method) by a function, until :meth:`remove`.

    Args:
        module: The module.
        function: Called with the method beneath it (the module's own, or another override), then with the inputs.
        name: The method's name.
    """

    def __init__(self, module: nn.Module, function: Callable[..., Any], name: str = "forward") -> None:
        self._module, self._function, self._name = module, function, name
        self._beneath = module.__dict__.get(name)
        self._called = False
        module.__dict__[name] = self

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Return what the function makes of the inputs."""
        self._called = True
        own = getattr(type(self._module), self._name).__get__(self._module)
        return self._function(self._beneath or own, *inputs, **options)

    def check_called(self, asks: str, step: str) -> None:
        """Check that the function was called since the last check; not if another override is on top of it.

        Args:
            asks: Name of the callback, for the message.
            step: Name of the method that should have called it, for the message.

        Raises:
            MisconfigurationException: It was not called.
        """
        if self._module.__dict__.get(self._name) is self and not self._called:
            raise MisconfigurationException(
                f"{asks} needs {type(self._module).__name__}.{step} to call self(x), and a forward that returns logits: it "
                "replaces what forward returns."
            )
        self._called = False

    def remove(self) -> None:
        """Remove the function, also from beneath others."""
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
