"""The role of callbacks that change what a module predicts: in tests and predictions alone, never in training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from practicum.lightning_shim import LightningModule

from ..trainer_internals.roles import Reverts, Watcher
from .forward_override import ForwardOverride


class PredictionTransform(Reverts, Watcher):
    """Base of callbacks that put something in place of a module's ``forward`` in tests and predictions.

    ``train.py`` tests once without them and once with them; ``predict.py`` takes those of a run along.

    Attributes:
        enabled: ``False`` tests and predicts plainly.
    """

    def __init__(self) -> None:
        super().__init__()
        self.enabled = True

    @property
    def transforms(self) -> bool:
        """Whether this one changes predictions, as it is configured."""
        return True

    def override(self, pl_module: LightningModule, function: Callable[..., Any]) -> ForwardOverride:
        """Put ``function`` in place of ``forward``, until the end of the test or prediction.

        Args:
            pl_module: Whose ``forward``.
            function: Called with what is beneath, then with the inputs.
        """
        placed = ForwardOverride(pl_module, function)
        self.reverts.callback(placed.remove)
        return placed
