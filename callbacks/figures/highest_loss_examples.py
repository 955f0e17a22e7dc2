"""Base of the callbacks that show the examples of a test with the highest loss, whatever an example is."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from practicum.lightning_shim import LightningModule, MisconfigurationException, Trainer
from torch import Tensor

from ..module_outputs.labels import label_differences, label_of, predicted_label, threshold_of
from ..module_outputs.step_check import TestOutputsCheck
from ..module_outputs.test_outputs import classification_outputs, losses_by_row
from .figure_callback import FigureCallback
from .worst_rows import Mistake, WorstRows


class HighestLossExamples(TestOutputsCheck, FigureCallback):
    """Collects the examples of a test with the highest loss, and shows them after it.

    Needs batches ``(x, y)`` and ``test_step`` to return a dictionary with ``logits`` and ``target``. Class names are taken from
    the module's ``classes``, names of rows from the data module's ``row_names(tests_on)``, where they have them. Under several
    processes the first one shows its own rows.

    Args:
        folder: Output folder, relative to ``trainer.default_root_dir``.
        count: Number of examples, at most.

    Raises:
        MisconfigurationException: ``count`` is below 1, or ``test_step`` returns something else.
    """

    def __init__(self, folder: str | os.PathLike[str] = "figures", count: int = 12) -> None:
        super().__init__()
        if count < 1:
            raise MisconfigurationException(f"{type(self).__name__}: count={count} must be at least 1.")
        self.folder, self.count = folder, count
        self._worst = WorstRows(count)
        self._seen = 0

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset."""
        self._worst, self._seen = WorstRows(self.count), 0

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the rows of this batch that are among the worst so far."""
        x = batch[0]
        if not (trainer.is_global_zero and isinstance(x, Tensor) and self.accepts(x, pl_module)):
            return
        logits, target = classification_outputs(outputs, type(self).__name__)
        classes, threshold = getattr(pl_module, "classes", None), threshold_of(pl_module)
        for place, loss in enumerate(losses_by_row(logits, target).tolist()):
            if not self._worst.admits(loss):
                continue
            row = (self._seen + place) * trainer.world_size
            several = target.ndim > 1
            predicted = predicted_label(logits[place], several, classes, threshold)
            true = label_of(target[place], classes)
            differences = label_differences(logits[place], target[place], classes, threshold) if several else ()
            self._worst.add(Mistake(loss, row, x[place].cpu().clone(), predicted, true, differences))
        self._seen += len(x)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show them, the highest loss first."""
        mistakes = self._worst.by_loss()
        self._worst = WorstRows(self.count)
        if not mistakes:
            return
        datamodule: Any = getattr(trainer, "datamodule", None)
        names = datamodule.row_names(datamodule.tests_on) if hasattr(datamodule, "row_names") else None
        self.show(trainer, pl_module, mistakes, None if names is None else [names[each.row] for each in mistakes])

    @abstractmethod
    def accepts(self, x: Tensor, pl_module: LightningModule) -> bool:
        """Whether rows of ``x`` can be shown; a batch that is not accepted is passed over."""

    @abstractmethod
    def show(
        self, trainer: Trainer, pl_module: LightningModule, mistakes: Sequence[Mistake], names: Sequence[str] | None
    ) -> None:
        """Draw or write.

        Args:
            trainer: Tells where to write.
            pl_module: The module tested.
            mistakes: The examples, the highest loss first.
            names: The name of each, where the data module has names.
        """
