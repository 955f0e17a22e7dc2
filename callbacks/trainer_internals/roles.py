"""Base classes that state what a callback may change.

A :class:`Watcher` only looks and takes no part in a training step, so a range test leaves it out. A :class:`.PredictionTransform`
changes predictions. All other callbacks may shape a training step. :class:`Reverts` is for callbacks that change the module or
the trainer temporarily.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from practicum.lightning_shim import Callback, LightningModule, Trainer


class Watcher(Callback):
    """Base of callbacks that only look: they must not change module, optimizer, batch or trainer in a training step.

    Example:
        >>> from practicum.callbacks import Watcher
        >>> class CountSteps(Watcher):  # :class:`.LRFinder` does not call it for its trial steps
        ...     steps = 0
        ...     def on_train_batch_end(self, *args):
        ...         self.steps += 1
        >>> isinstance(CountSteps(), Watcher)
        True
    """


class Reverts(Callback):
    """Base of callbacks that undo their changes at the end of a fit, test or prediction, and after an error.

    Attributes:
        reverts: Register what to do with ``self.reverts.callback(undo)``; it is called once, in reverse order.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reverts = ExitStack()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Undo the changes."""
        self.reverts.close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Undo the changes after an error or an interruption."""
        self.reverts.close()
