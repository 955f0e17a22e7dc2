"""Calibration: whether predictions that are given a probability of 0.8 are correct in 8 of 10 cases.

**What it does.** Draws accuracy by confidence in ten bins, with the expected calibration error (ECE): the mean difference of the
two. Optionally scales logits by a temperature first (:mod:`.temperature_scaling`). ``calibration.png``.

**When to use it.** The curve always; the temperature where probabilities are used as such (costs, thresholds, log-loss).

**Defaults.** Ten bins; no temperature.

**Source.** Guo et al. 2017, "On calibration of modern neural networks", sections 2 and 4.2.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from practicum.lightning_shim import LightningModule, Trainer
from torch import Tensor

from ..figures.classification.reliability_curve import confidence_of, draw_reliability, reliability_bins
from ..figures.figure_callback import never_fatal
from ..figures.plots import Plots
from ..files.output_path import output_path
from ..module_outputs.logits import is_multi_label, to_probabilities
from ..module_outputs.step_check import TestOutputsCheck
from ..module_outputs.test_outputs import classification_outputs
from ..trainer_internals.gather import gather_objects
from .temperature_scaling import TemperatureScaling


class Calibration(Plots, TestOutputsCheck, TemperatureScaling):
    """Draws the calibration curve of a test; optionally scales logits by a temperature first.

    The curve needs ``test_step`` to return a dictionary with ``logits`` and ``target``; for multi-label each class of each row
    counts. What the temperature needs is listed at :class:`.TemperatureScaling`.

    Args:
        folder: Folder of ``calibration.png``; a relative one is below the trainer's ``default_root_dir``. ``None``: no figure.
        temperature: Whether to scale.
        temperature_file: JSON file of the temperature, written by a test and read by predictions; a relative path is below the
            trainer's ``default_root_dir``.
        multi_label: Sigmoid instead of softmax. Default: the module's attribute of that name, else softmax.
        output: The key of the logits if ``forward`` returns a dictionary; only the temperature needs it.

    Attributes:
        facts: ``calibration/ece`` and ``calibration/temperature``.

    Raises:
        MisconfigurationException: ``test_step`` returns something else; see also :class:`.TemperatureScaling`.

    Example:
        >>> import torch
        >>> from practicum.callbacks import Calibration
        >>> callback = Calibration(folder="figures", temperature=True)  # one of the trainer's callbacks
        >>> from practicum.callbacks.figures.classification.reliability_curve import reliability_bins
        >>> bins = reliability_bins(torch.tensor([0.9, 0.9, 0.9, 0.9]), torch.tensor([1, 1, 1, 0]))
        >>> round(bins.error, 3)  # 0.9 confident, and correct in 3 of 4 cases
        0.15
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = "figures",
        temperature: bool = False,
        temperature_file: str | os.PathLike[str] = "temperature.json",
        multi_label: bool | None = None,
        output: str | None = None,
    ) -> None:
        super().__init__(temperature_file, output)
        self.folder, self.scales, self.multi_label = folder, temperature, multi_label
        self._confidence: list[Tensor] = []
        self._correct: list[Tensor] = []
        self._draws = True  # until it fails, which is no reason to end a test

    @property
    def transforms(self) -> bool:
        """Whether it scales logits."""
        return self.scales

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find the temperature, and start the curve."""
        self._confidence, self._correct, self._draws = [], [], True
        super().on_test_start(trainer, pl_module)

    def on_test_batch_end(self, trainer: Trainer, pl_module: LightningModule, outputs: Any, *args: Any) -> None:
        """Record each prediction's confidence and whether it is correct."""
        super().on_test_batch_end(trainer, pl_module, outputs, *args)
        if not self._draws:
            return
        self._draws = False
        with never_fatal(trainer, type(self).__name__):
            logits, target = classification_outputs(outputs, type(self).__name__)
            multi_label = is_multi_label(pl_module, self.multi_label)
            confidence, correct = confidence_of(to_probabilities(logits, multi_label), target, multi_label)
            self._confidence.append(confidence.cpu())
            self._correct.append(correct.cpu())
            self._draws = True

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the curve of what all processes have tested."""
        whole = self._draws and bool(self._confidence)
        mine = (torch.cat(self._confidence), torch.cat(self._correct)) if whole else None
        self._confidence, self._correct = [], []
        found = [each for each in gather_objects(trainer, mine) if each is not None]
        if not (found and self._draws and trainer.is_global_zero):
            return
        with never_fatal(trainer, type(self).__name__):
            confidence, correct = (torch.cat(parts) for parts in zip(*found, strict=True))
            bins = reliability_bins(confidence, correct)
            self.facts["calibration/ece"] = bins.error
            if self.folder is not None:
                scaled = f", temperature {self.temperature:.2f}" if self.overrides else ""
                path = output_path(trainer, self.folder, "calibration.png")
                self.keep_figure(draw_reliability(bins, f"expected calibration error {bins.error:.3f}{scaled}", path), path)
