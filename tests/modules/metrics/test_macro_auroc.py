"""Against the share of pairs in order for the classes that are there, and torchmetrics where all are."""

from __future__ import annotations

import math
import warnings

import torch
from practicum.modules.metrics.macro_auroc import MacroAUROC
from torchmetrics.classification import MulticlassAUROC


def test_all_classes_are_averaged_as_torchmetrics_does() -> None:
    logits, target = torch.randn(60, 4), torch.arange(60) % 4
    torch.testing.assert_close(MacroAUROC(4)(logits, target), MulticlassAUROC(4)(logits, target), rtol=0, atol=0)


def test_a_class_that_is_missing_is_left_out() -> None:
    logits, target = torch.randn(60, 4), torch.arange(60) % 3
    scores = logits.double().softmax(1)
    wanted = 0.0
    for each in range(3):  # Mann and Whitney: how often an example of the class is above one of another
        pairs = scores[target == each, each][:, None] > scores[target != each, each]
        wanted += float(pairs.double().mean()) / 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert abs(float(MacroAUROC(4)(logits, target)) - wanted) < 1e-6


def test_a_single_class_has_none() -> None:
    assert math.isnan(float(MacroAUROC(2)(torch.randn(5, 2), torch.zeros(5, dtype=torch.int64))))
