"""The reliability curve: accuracy by confidence, and the expected calibration error.

**Source.** Guo et al. 2017, "On calibration of modern neural networks", section 2.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..canvas import BLUE, INK, SOFT, new_figure, save_figure

_BINS = 10
_CAPTION = (
    "On the diagonal a confidence of 0.8 is right in 8 of 10 cases; a curve below it means that the model is too sure of itself, "
    "one above it that it is not sure enough: callbacks.calibration.temperature=true mends both, and leaves the accuracy as it "
    "is. Where the bars are low, few predictions make the curve jump."
)


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


def describe_reliability(bins: ReliabilityBins) -> str:
    """Say in words what :func:`draw_reliability` shows."""
    filled = [(float(c), float(a), int(n)) for c, a, n in zip(bins.confidence, bins.accuracy, bins.counts, strict=True) if n > 0]
    points = ", ".join(f"{accuracy:.2f} at {confidence:.2f} ({count:,})" for confidence, accuracy, count in filled)
    return f"Accuracy by confidence (number of predictions): {points}. Expected calibration error {bins.error:.3f}."


def draw_reliability(bins: ReliabilityBins, title: str, path: Path) -> Figure:
    """Draw accuracy by confidence, above the share of predictions in each bin.

    Args:
        bins: Of :func:`reliability_bins`.
        title: Of the figure.
        path: The PNG.
    """
    filled = bins.counts > 0
    figure = new_figure(5.2, 4.6)
    axes = figure.add_subplot()
    axes.bar(
        (torch.arange(_BINS) + 0.5).div(_BINS)[filled].tolist(),
        (bins.counts / bins.counts.sum())[filled].tolist(),
        0.09,
        color=SOFT,
        label="share of predictions",
    )
    axes.plot([0, 1], [0, 1], color=INK, linewidth=1, linestyle="--", label="calibrated")
    axes.plot(bins.confidence[filled].tolist(), bins.accuracy[filled].tolist(), "o-", color=BLUE, label="accuracy")
    axes.set_title(title, color=INK)
    axes.set_xlabel("confidence")
    axes.set_ylabel("accuracy")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="upper left")
    save_figure(figure, path, "Calibration", _CAPTION, describe_reliability(bins))
    return figure
