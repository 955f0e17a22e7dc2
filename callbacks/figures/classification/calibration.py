"""Calibration: whether predictions that are given a probability of 0.8 are correct in 8 of 10 cases.

**What it does.** Draws accuracy by confidence in ten bins, with the expected calibration error (ECE): the mean difference of the
two. Optionally scales logits by a temperature first (:mod:`.temperature_scaling`). ``calibration.png``.

**When to use it.** The curve always; the temperature where probabilities are used as such (costs, thresholds, log-loss).

**Defaults.** Ten bins; no temperature.

**Source.** Guo et al. 2017, "On calibration of modern neural networks", sections 2 and 4.2.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import torch
from practicum.lightning_shim import LightningModule, Trainer
from torch import Tensor

from ...module_outputs.logits import is_multi_label, to_probabilities
from ...module_outputs.test_outputs import classification_outputs
from ...prediction.temperature_scaling import TemperatureScaling
from ..canvas import BLUE, GRID, INK, new_figure, output_path, save_figure
from ..figure_callback import never_fatal

_BINS = 10


class ReliabilityBins(NamedTuple):
    """Accuracy by confidence; each tensor has an entry per bin."""

    confidence: Tensor  # mean in the bin
    accuracy: Tensor
    counts: Tensor
    error: float  # the expected calibration error


def reliability_bins(confidence: Tensor, correct: Tensor) -> ReliabilityBins:
    """Return accuracy by confidence in ten bins of equal width.

    Args:
        confidence: Probabilities of the predictions ``[N]``.
        correct: 1 for each prediction that is correct ``[N]``.
    """
    bins = (confidence * _BINS).long().clamp(0, _BINS - 1)
    count = torch.bincount(bins, minlength=_BINS).double()
    mean = torch.bincount(bins, confidence.double(), _BINS) / count.clamp(min=1)
    accuracy = torch.bincount(bins, correct.double(), _BINS) / count.clamp(min=1)
    return ReliabilityBins(mean, accuracy, count, float(((mean - accuracy).abs() * count).sum() / count.sum()))


def confidence_of(probabilities: Tensor, target: Tensor, multi_label: bool) -> tuple[Tensor, Tensor]:
    """Return the confidence of each prediction and whether it is correct.

    Args:
        probabilities: ``[B, classes]``.
        target: Classes ``[B]``, or a 0/1 matrix ``[B, classes]``.
        multi_label: Each class of each row is a prediction of its own.

    Returns:
        Both ``[B]``, for multi-label ``[B * classes]``.
    """
    if multi_label:
        predicted = probabilities > 0.5
        return torch.where(predicted, probabilities, 1 - probabilities).flatten(), (predicted == target.bool()).flatten()
    confidence, index = probabilities.max(1)
    return confidence, index == target


def draw_reliability(bins: ReliabilityBins, title: str, path: Path) -> None:
    """Draw accuracy by confidence, above the share of predictions in each bin.

    Args:
        bins: Of :func:`reliability_bins`.
        title: Of the figure.
        path: The PNG.
    """
    filled = bins.counts > 0
    figure = new_figure(5.2, 4.6)
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=GRID, linewidth=1.5)
    axes.bar(
        (torch.arange(_BINS) + 0.5).div(_BINS)[filled].tolist(),
        (bins.counts / bins.counts.sum())[filled].tolist(),
        0.09,
        color=GRID,
        label="share of predictions",
    )
    axes.plot(bins.confidence[filled].tolist(), bins.accuracy[filled].tolist(), "o-", color=BLUE, label="accuracy")
    axes.set_title(title, color=INK)
    axes.set_xlabel("confidence")
    axes.set_ylabel("accuracy")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    save_figure(figure, path)


class Calibration(TemperatureScaling):
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
        >>> from practicum.callbacks.figures.classification.calibration import reliability_bins
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
        """Draw the curve; under several processes that of the first."""
        confidence, correct = self._confidence, self._correct
        self._confidence, self._correct = [], []
        if not confidence or not self._draws or not trainer.is_global_zero:
            return
        with never_fatal(trainer, type(self).__name__):
            bins = reliability_bins(torch.cat(confidence), torch.cat(correct))
            self.facts["calibration/ece"] = bins.error
            if self.folder is not None:
                scaled = f", temperature {self.temperature:.2f}" if self.overrides else ""
                path = output_path(trainer, self.folder, "calibration.png")
                draw_reliability(bins, f"expected calibration error {bins.error:.3f}{scaled}", path)
