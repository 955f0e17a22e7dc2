"""Base classes that state what a callback may change.

A callback may shape a training step unless it is :class:`OutsideTrials`: then the trial steps of a range test do not call it,
because it acts between steps (schedules, averages) or outside of training. A :class:`Watcher` only looks. A
:class:`.PredictionTransform` changes predictions. :class:`Reverts` is for callbacks that change the module or the trainer
temporarily.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from practicum.lightning_shim import Callback, LightningModule, Trainer


class OutsideTrials(Callback):
    """Base of callbacks that the trial steps of a range test must not call.

    They have no part in the loss or the gradients of a step; what they do between steps, such as moving a rate or an average,
    would count trial steps as steps of the training.
    """


class Watcher(OutsideTrials):
    """Base of callbacks that only look: they must not change module, optimizer, batch or trainer.

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
