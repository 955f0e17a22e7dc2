"""What a callback may touch, said by its base class.

:class:`Watcher` only looks: it has no part in a training step, so that a range test leaves it out.
:class:`.PredictionTransform` changes what is predicted. All others may shape a training step. :class:`Reverts` is for those that
change the module or the trainer for the length of a fit, a test or a prediction.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from practicum.lightning_shim import Callback, LightningModule, Trainer


class Watcher(Callback):
    """Base of callbacks that only look: they must not change the module, its optimizer, the batch or the trainer in a training step."""


class Reverts(Callback):
    """Mixin for what must be undone at the end of a fit, test or prediction, or after an error.

    Attributes:
        reverts: Give it what is to be undone: ``self.reverts.callback(undo)``. It runs in reverse order, once.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reverts = ExitStack()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Undo."""
        self.reverts.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Undo after an error or an interruption."""
        self.reverts.close()
