"""The role of callbacks that change what a module predicts: in tests and predictions, never in training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from practicum.lightning_shim import LightningModule, Trainer

from ..module_outputs.logits import is_multi_label
from ..roles import OutsideTrials, Reverts
from .forward_check import ForwardCheck
from .forward_override import ForwardOverride


class PredictionTransform(Reverts, OutsideTrials):
    """Base of callbacks that replace a module's ``forward`` in tests and predictions.

    ``train.py`` tests once without them and once with them; ``predict.py`` uses those of the run that it predicts with.

    Attributes:
        enabled: ``False`` switches it off.

    Example:
        >>> import torch
        >>> from practicum.callbacks import PredictionTransform
        >>> class Halved(PredictionTransform):
        ...     def setup(self, trainer, pl_module, stage):
        ...         if stage == "predict" and self.enabled:
        ...             self.override(pl_module, lambda forward, x: forward(x) / 2)
        >>> callback, module = Halved(), torch.nn.Identity()
        >>> callback.setup(None, module, "predict")
        >>> module(torch.tensor(3.0))
        tensor(1.5000)
        >>> callback.teardown(None, module, "predict")
        >>> module(torch.tensor(3.0))
        tensor(3.)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.enabled = True
        self._override: ForwardOverride | None = None
        self._check = ForwardCheck(type(self).__name__)

    @property
    def transforms(self) -> bool:
        """Whether it changes predictions, as it is configured."""
        return True

    @property
    def needs_logits(self) -> bool:
        """Whether ``forward`` must return logits: at ``output`` if it returns a dictionary. Then a fit's validation checks it."""
        return False

    @property
    def overrides(self) -> bool:
        """Whether ``forward`` is replaced at present."""
        return self._override is not None

    def override(self, pl_module: LightningModule, function: Callable[..., Any]) -> None:
        """Replace ``forward`` until the end of the test or prediction.

        Args:
            pl_module: The module.
            function: Called with the ``forward`` beneath it (the module's own, or another override), then with the inputs.
        """
        self._override = ForwardOverride(pl_module, function)
        self.reverts.callback(self._remove)

    def _remove(self) -> None:
        if self._override is not None:
            self._override.remove()
        self._override = None

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Look at what ``forward`` returns in a fit's validation: what a test would refuse is refused before the training."""
        if batch_idx == 0 and trainer.state.fn == "fit" and self.enabled and self.needs_logits:
            self._check.begin(pl_module)
            self.reverts.callback(self._check.remove)

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int, dataloader_idx: int = 0
    ) -> None:
        """Check it."""
        multi_label = is_multi_label(pl_module, getattr(self, "multi_label", None))
        self._check.end(pl_module, outputs, getattr(self, "output", None), multi_label)

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Check that ``test_step`` called ``forward``."""
        if self._override is not None:
            self._override.check_called(type(self).__name__, "test_step")

    def on_predict_batch_end(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        """Check that ``predict_step`` called ``forward``."""
        if self._override is not None:
            self._override.check_called(type(self).__name__, "predict_step")
