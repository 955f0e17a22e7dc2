"""What a module's ``validation_step`` returns, looked at before a training: a test that returns the same shows nothing.

**When to use it.** As a base of callbacks that need logits and targets of a test: they would say so when the training is over.
``test_step`` itself can't be known before, so that this is a warning and no refusal.
"""

from __future__ import annotations

import logging
from typing import Any

from practicum.lightning_shim import Callback, LightningModule, MisconfigurationException, Trainer

from .test_outputs import class_outputs

log = logging.getLogger(__name__)


class TestOutputsCheck(Callback):
    """Says in a fit's first validation that tests will lack logits and targets, if they return what validations do."""

    __test__ = False  # for pytest
    _asked = False

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Look at the first outputs."""
        super().on_validation_batch_end(trainer, pl_module, outputs, batch, batch_idx, dataloader_idx)
        own = type(pl_module)
        if self._asked or trainer.state.fn != "fit" or own.test_step is LightningModule.test_step:
            return
        self._asked = True
        name = type(self).__name__
        try:
            class_outputs(outputs, name)
        except MisconfigurationException:
            option = " (the option output names the logits of forward, not of a step)" if hasattr(self, "output") else ""
            log.warning(
                f'{name}: {own.__name__}.validation_step returns no dictionary with "logits" and "target"; if test_step does not '
                f"either, there will be nothing to show of a test: return them from it{option}."
            )
