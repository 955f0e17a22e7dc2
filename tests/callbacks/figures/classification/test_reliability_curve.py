"""Bins of the reliability curve against bins by hand."""

from __future__ import annotations

import pytest
import torch
from practicum.callbacks.figures.classification.reliability_curve import confidence_of, reliability_bins


def test_error_of_known_bins() -> None:
    confidence = torch.tensor([0.95, 0.95, 0.95, 0.95, 0.55, 0.55])
    bins = reliability_bins(confidence, torch.tensor([1, 1, 1, 0, 1, 0]))
    assert bins.counts.tolist() == [0, 0, 0, 0, 0, 2, 0, 0, 0, 4]
    assert (float(bins.confidence[9]), float(bins.accuracy[9])) == (pytest.approx(0.95), 0.75)
    assert bins.error == pytest.approx((4 * 0.2 + 2 * 0.05) / 6)


def test_a_certain_prediction_is_in_the_last_bin() -> None:
    assert reliability_bins(torch.tensor([1.0, 0.0]), torch.tensor([1, 0])).counts.tolist() == [1] + [0] * 8 + [1]


def test_confidence_is_that_of_the_prediction() -> None:
    confidence, correct = confidence_of(torch.tensor([[0.7, 0.3], [0.2, 0.8]]), torch.tensor([0, 0]), multi_label=False)
    assert confidence.tolist() == pytest.approx([0.7, 0.8])
    assert correct.tolist() == [True, False]
    confidence, correct = confidence_of(torch.tensor([[0.7, 0.3]]), torch.tensor([[1, 1]]), multi_label=True)
    assert confidence.tolist() == pytest.approx([0.7, 0.7])
    assert correct.tolist() == [True, False]
